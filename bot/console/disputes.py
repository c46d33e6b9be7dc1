"""Attributions at the desk: the line of touches behind an order and why it is credited so; disputes, which an admin decides."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import trade
from bot.console.pages import get, post
from bot.console.reward_words import DISPUTE_STATES, RULES, STATES, TOUCHES, VERDICTS, amount_words, why
from bot.console.speaking import fresh_nonce
from bot.console.visit import NotFound, Visit
from bot.earning import DisputeDecisionAsked
from storage import attributions, campaigns, commissions, members, orders, touches
from storage.base import AnyRow
from storage.operators import ADMIN, MANAGER, VIEWER

LIST, LONGEST = "/console/disputes", 400


def catalogue(visit: Visit) -> Response:
    """Disputes that wait, those decided, and a field to look up an order."""
    order_id = visit.query("order", 40)
    with visit.read() as session:
        if order_id and attributions.find(session, order_id) is not None:
            return visit.go(f"{LIST}/{order_id}")
        waiting = attributions.find_disputes(session, (attributions.OPEN,))
        decided = attributions.find_disputes(session, (attributions.CORRECTED, attributions.DISMISSED), 50)
        names = members.find_names(session, {row.member_id for row in (*waiting, *decided)})
        latest = attributions.find_page(session, limit=20)
        names |= members.find_names(session, {who for row in latest for who in (row.buyer_id, row.referrer_id) if who})
    return visit.page(
        "disputes.html", 404 if order_id else 200, waiting=waiting, decided=decided, names=names, states=DISPUTE_STATES,
        asked=order_id, latest=latest,
    )


def show(visit: Visit) -> Response:
    """One order: who brought it and why, touch by touch, and what it earns."""
    order_id = visit.path("id")
    with visit.read() as session:
        kept = attributions.get(session, order_id)
        order, line = orders.get(session, order_id), json.loads(kept.line)
        terms = campaigns.get_terms(session, kept.campaign_id, kept.version)
        seen = _line(session, line["touches"])
        upper = _line(session, line["upper_touches"])
        disputes = attributions.find_of_order(session, order_id)
        earned = commissions.find_of_order(session, order_id)
        who = {kept.buyer_id, kept.referrer_id, kept.upper_id, *(row.referrer_id for row, _ in (*seen, *upper))}
        who |= {row.member_id for row in (*earned, *disputes)} | {row.referrer_id for row in disputes}
        names = members.find_names(session, {one for one in who if one})
        campaign = campaigns.get(session, kept.campaign_id)
    return visit.page(
        "disputes_one.html", kept=kept, order=order, terms=terms, seen=seen, upper=upper, disputes=disputes, earned=earned, names=names,
        campaign=campaign, rules=RULES, verdicts=VERDICTS, kinds=TOUCHES, states=DISPUTE_STATES, earned_states=STATES, amount=amount_words,
        why=why(visit, kept.reason, names.get(kept.referrer_id or "", kept.referrer_id or ""), terms.window_days), nonce=fresh_nonce(),
        known_as=line["members"], is_open=any(row.state == attributions.OPEN for row in disputes),
    )


def _line(session: Session, judged: list[list[object]]) -> list[tuple[AnyRow, str]]:
    """The touches looked at, oldest first, each with its verdict."""
    rows = {row.id: row for row in touches.find_with_ids(session, [int(str(one[0])) for one in judged])}
    return [(rows[int(str(touch_id))], str(verdict)) for touch_id, verdict in judged if int(str(touch_id)) in rows]


def open_one(visit: Visit) -> Response:
    """A member says an order was theirs; noted down for an admin."""
    order_id, words = visit.path("id"), _text(visit, "words")
    member_id = _text(visit, "member")[:120]
    with visit.read() as session:
        if attributions.find(session, order_id) is None:
            raise NotFound
        is_known = members.find(session, member_id) is not None
    if not words or not is_known:
        return visit.go(f"{LIST}/{order_id}", visit.translate("请写明是哪位成员（编号）和理由。"), is_bad=True)
    with visit.act("dispute.open", f"order:{order_id}", member=member_id) as session:
        dispute_id = attributions.open_dispute(session, order_id, member_id, words, trade.by(visit), visit.now)
    if dispute_id is None:
        return visit.go(f"{LIST}/{order_id}", visit.translate("这个订单已有一个争议在处理。"), is_bad=True)
    return visit.go(f"{LIST}/{order_id}", visit.translate("已记下，等管理员处理。"))


def decide(visit: Visit) -> Response:
    """An admin's decision; told on the order's lane, so that what it earns follows at once."""
    order_id, nonce = visit.path("id"), trade.nonce(visit)
    decision, answer = str(visit.form.get("decision", "")), _text(visit, "answer")
    with visit.read() as session:
        waiting = [row for row in attributions.find_of_order(session, order_id) if row.state == attributions.OPEN]
        order = orders.get(session, order_id)
    if not waiting or decision not in (attributions.CORRECTED, attributions.DISMISSED) or not answer or not nonce:
        return visit.go(f"{LIST}/{order_id}", visit.translate("请选择怎么处理，并写明答复。"), is_bad=True)
    referrer = _text(visit, "referrer")[:120] if decision == attributions.CORRECTED else ""
    told = trade.tell(
        visit, DisputeDecisionAsked, f"dispute:{waiting[0].id}:{nonce}", order.drop_id or order_id, f"dispute.{decision}", f"order:{order_id}",
        dispute_id=waiting[0].id, decision=decision, referrer_id=referrer, text=answer, by=trade.by(visit),
    )
    reasons = {
        "unknown_member": visit.translate("没有这位成员。"), "own_order": visit.translate("买家不能推荐自己。"),
        "settled": visit.translate("这个争议已经处理过了。"),
    }
    if not told.is_done:
        return visit.go(f"{LIST}/{order_id}", reasons.get(told.reason) or trade.why_not(visit, told), is_bad=True)
    return visit.go(f"{LIST}/{order_id}", visit.translate("已处理。"))


def _text(visit: Visit, name: str) -> str:
    return str(visit.form.get(name, "")).replace("\0", "").strip()[:LONGEST]


PAGES = (
    get("/disputes", catalogue, VIEWER),
    get("/disputes/{id}", show, VIEWER),
    post("/disputes/{id}/open", open_one, MANAGER),
    post("/disputes/{id}/decide", decide, ADMIN),
)
