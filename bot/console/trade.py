"""What an operator does to drops, orders and money: told as an event on the drop's lane, then noted in the audit log."""

from __future__ import annotations

from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass
from typing import Any

from bot.console.speaking import NONCE
from bot.console.visit import Visit
from bot.dispatch import NotKept, Overloaded
from bot.event import Event
from bot.telling import lane_of
from storage import inbox

BUSY, FAILED = "busy", "failed"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of it: done, refused, busy (not kept), failed (kept, will be retried); and the event's reason."""

    outcome: str
    reason: str = ""

    @property
    def is_done(self) -> bool:
        return self.outcome not in (BUSY, FAILED, "refused")


def tell(visit: Visit, kind: type[Event], key: str, lane_id: str, action: str, subject: str, **values: Any) -> Told:
    """Put the event on the lane of a drop (or of an order without one), wait for its commit, and note it."""
    lane = lane_of(lane_id)
    event = kind(key=key, lane=lane, occurred_at=visit.now, channel="", conversation=lane, **values)
    detail = {name: value for name, value in values.items() if name not in ("drop_id", "by") and value not in ("", 0)}
    return put(visit, event, action, subject, **detail)


def put(visit: Visit, event: Event, action: str, subject: str, **detail: Any) -> Told:
    """Put an event on its lane, wait for its commit, and note it in the audit log."""
    try:
        handled = visit.desk.tell(event)
    except (Overloaded, NotKept, TooSlow):
        return Told(BUSY)
    with visit.read() as session:
        row = inbox.get(session, handled.inbox_id)
    told = Told(FAILED if handled.outcome == "failed" else row.outcome, row.reason or "")
    with visit.act(action, subject, outcome=told.outcome, **detail):
        pass
    return told


def by(visit: Visit) -> str:
    """Whose doing it is, as the traces of orders tell it."""
    return f"operator:{visit.operator.id}"


def nonce(visit: Visit) -> str:
    """The form's own number, so that a form sent twice acts once; empty when it is none of ours."""
    sent = str(visit.form.get("nonce", ""))
    return sent if NONCE.fullmatch(sent) else ""


def why_not(visit: Visit, told: Told) -> str:
    """Why it was not done, in the operator's language."""
    if told.outcome == BUSY:
        return visit.translate("现在太忙，没有发出去，请稍后再试。")
    if told.outcome == FAILED:
        return visit.translate("已经记下，但处理时出错，会自动重试；「今天」页可以看到。")
    reasons = {
        "more_than_paid": visit.translate("退款超过还留着的钱，没有退。"),
        "too_late": visit.translate("太晚了：订单已经发货、取走或结束。"),
        "no_such_order": visit.translate("没有这个订单。"),
        "odd amount": visit.translate("金额不对，没有记下。"),
    }
    return reasons.get(told.reason, visit.translate("现在不能这样做，请刷新页面看看。"))
