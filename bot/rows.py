"""The rows that an event becomes: its interaction, and the group it was heard in for the first time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.event import Event
from storage import groups, inbox


def row_of(event: Event, row_id: int, received_at: datetime, cause_id: int | None) -> dict[str, Any]:
    """An event's interaction, before anybody has heard it."""
    detail = event.detail()
    return {
        "id": row_id, "key": event.key, "kind": type(event).__name__, "lane": event.lane,
        "channel": event.channel, "conversation": event.conversation, "group_id": event.group_id,
        "member_id": event.member_id, "member_name": event.member_name, "text": event.text,
        "detail": None if detail is None else detail.decode(), "occurred_at": event.occurred_at,
        "received_at": received_at, "state": inbox.DONE, "tries": 0, "next_try_at": None, "error": None,
        "heard_by": None, "outcome": "none", "reason": None, "confidence": None, "latency_ms": None,
        "cause_id": cause_id,
    }


def row_of_group(event: Event, language: str, now: datetime) -> dict[str, Any]:
    """A group as we find it, until an operator says more."""
    group_id = event.group_id or ""
    code = group_id.partition(":")[2] or group_id
    return {
        "id": group_id, "channel": event.channel, "code": code, "name": code, "topic": "", "language": language,
        "speaks": groups.SPEAK_CONFIDENT, "is_welcoming": True, "created_at": now,
    }
