"""The interaction row that an event becomes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.event import Event
from storage import inbox


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

