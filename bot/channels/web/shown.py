"""How events and what we said look as frames to clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from bot.channels.base import Outgoing
from bot.events import Event, MemberJoined, MemberLeft, MessageReceived, TopicChanged
from storage.outbox import Saying

BOT_ID = "bot"
PRIVATE = "web:p:"
MAX_QUOTED = 120


@dataclass(frozen=True, slots=True)
class Said:
    """One thing we said, from its outbox row or on its way from the sender."""

    id: int
    sent_no: int
    at: datetime
    kind: str
    text: str
    body: Mapping[str, Any]
    is_operator: bool
    cause_id: int | None

    @classmethod
    def of_row(cls, row: Saying) -> Said:
        return cls(
            row.id, row.sent_no or 0, row.sent_at or row.created_at, row.kind, row.text, orjson.loads(row.body),
            row.operator_id is not None, row.cause_id,
        )

    @classmethod
    def of_outgoing(cls, message: Outgoing, sent_no: int, at: datetime) -> Said:
        return cls(
            message.id, sent_no, at, message.kind, message.text, message.body, message.operator_id is not None,
            message.cause_id,
        )


def to_of(conversation: str) -> str:
    return "private" if conversation.startswith(PRIVATE) else "group"


def event_frame(event: Event, inbox_id: int, names: Mapping[str, str]) -> dict[str, Any] | None:
    """What members see of an event; None for what they do not see."""
    frame: dict[str, Any] = {
        "type": "", "id": f"i{inbox_id}", "heard": inbox_id, "to": to_of(event.conversation), "at": _time(event.occurred_at),
    }
    match event:
        case MessageReceived():
            return frame | _message(event)
        case MemberJoined():
            inviter = {"id": event.inviter_id, "name": names.get(event.inviter_id, "")} if event.inviter_id else None
            return frame | {"type": "joined", "member": _member(event), "inviter": inviter}
        case MemberLeft():
            return frame | {"type": "left", "member": _member(event)}
        case TopicChanged():
            return frame | {"type": "topic", "text": event.text or ""}
        case _:
            return None


def _message(event: MessageReceived) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": "message", "from": {**_member(event), "role": "member"}, "kind": "picture" if event.picture else "text",
        "text": event.text or "", "client_id": event.message_id,
    }
    if event.picture:
        shown["picture"] = event.picture
    if event.mentions:
        shown["mentions"] = list(event.mentions)
    if event.quotes:
        shown["quotes"] = {"id": event.quotes, "text": event.quoted_text or ""}
    return shown


def said_frame(said: Said, conversation: str, bot_name: str, names: Mapping[str, str]) -> dict[str, Any]:
    """What members see of what we said."""
    body = said.body
    frame: dict[str, Any] = {
        "type": "message", "id": f"o{said.id}", "said": said.sent_no, "to": to_of(conversation), "at": _time(said.at),
        "from": {"id": BOT_ID, "name": bot_name, "role": "operator" if said.is_operator else "bot"},
        "kind": said.kind, "text": said.text,
    }
    if said.cause_id is not None:
        frame["answers"] = f"i{said.cause_id}"
    mention = body.get("mention")
    if mention and to_of(conversation) == "group":
        frame["mentions"] = [mention]
        frame["mention"] = {"id": mention, "name": names.get(mention, "")}
    match said.kind:
        case "card":
            frame["card"] = _card(body)
        case "picture":
            frame["picture"] = address(body.get("url"))
        case "mini":
            frame["mini"] = {
                "title": body["title"], "app_id": body["app_id"], "path": body["path"], "picture": address(body.get("picture")),
            }
        case "file":
            frame["file"] = {"name": body["name"], "url": address(body.get("url"))}
    return frame


def _card(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": body["title"], "text": body.get("text", ""), "url": address(body.get("url")),
        "picture": address(body.get("picture")),
        "buttons": [
            {"label": one["label"], "say": one.get("say", ""), "url": address(one.get("url"))}
            for one in body.get("buttons", ())
        ],
    }


def address(url: Any) -> str:
    """An address a browser may open: of the web, or of this site; anything else is dropped."""
    if not isinstance(url, str):
        return ""
    is_ours = url.startswith("/") and not url.startswith(("//", "/\\"))
    return url if is_ours or url.startswith(("https://", "http://")) else ""


def _member(event: Event) -> dict[str, Any]:
    return {"id": event.member_id or "", "name": event.member_name or ""}


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dump(frame: Mapping[str, Any]) -> str:
    return orjson.dumps(frame).decode()
