"""An operator says something in a conversation: as an event on its lane, once per form, kept before we say so."""

from __future__ import annotations

import re
import secrets
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass

from bot.console.visit import Visit
from bot.dispatch import NotKept, Overloaded
from bot.events import OperatorSpoke

LONGEST = 1000
NONCE = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is said: a group, or a private conversation with a member."""

    conversation: str
    channel: str
    group_id: str | None
    member_id: str | None = None


def alone_with(channel: str, member_id: str) -> Place:
    """A member's private conversation with us."""
    return Place(f"{channel}:p:{member_id.removeprefix(channel + ':')}", channel, None, member_id)


def fresh_nonce() -> str:
    """One for each form: a form sent twice is said once."""
    return secrets.token_hex(12)


def say(visit: Visit, place: Place, *, mention: str | None = None, handover_id: int | None = None) -> str:
    """Say the form's `text` there and wait for the commit; gives why not in the operator's language, or nothing."""
    text = str(visit.form.get("text", "")).replace("\r\n", "\n").replace("\0", "").strip()
    nonce = str(visit.form.get("nonce", ""))
    if not text:
        return visit.translate("请写点什么再发送。")
    if len(text) > LONGEST:
        return visit.translate("最多 %(length)s 个字。", length=LONGEST)
    if NONCE.fullmatch(nonce) is None:
        return visit.translate("页面过期了，请再试一次。")
    operator = visit.operator
    event = OperatorSpoke(
        key=f"spoke:{operator.id}:{nonce}", lane=place.conversation, occurred_at=visit.now, channel=place.channel,
        conversation=place.conversation, group_id=place.group_id,
        member_id=None if place.group_id else place.member_id, text=text, operator_id=operator.id,
        operator_name=operator.name, address=visit.address, handover_id=handover_id, mention=mention,
    )
    try:
        handled = visit.desk.tell(event)
    except (Overloaded, NotKept, TooSlow):
        return visit.translate("现在太忙，没有发出去，请稍后再试。")
    if handled.outcome == "failed":
        return visit.translate("已经记下，但处理时出错，会自动重试；「今天」页可以看到。")
    return ""
