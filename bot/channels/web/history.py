"""Reads what happened in a conversation: what was heard and what we said, in the order of time."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from bot.channels.web.frames import Cursor
from bot.channels.web.shown import MAX_QUOTED, Said, event_frame, said_frame
from bot.events import read
from storage import inbox, members, outbox
from storage.inbox import Interaction
from storage.outbox import Saying

FIRST_PAGE = 50
MAX_MISSED = 500  # frames of each kind after which a returning client starts again from the newest
LATEST = 2**53


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a conversation: frames oldest first, how far it reads, and where to go on reading backwards."""

    frames: list[dict[str, Any]]
    cursor: Cursor
    earlier: Cursor | None
    is_gap: bool = False

    def told(self) -> dict[str, Any]:
        return {
            "messages": self.frames, "cursor": self.cursor.model_dump(),
            "earlier": None if self.earlier is None else self.earlier.model_dump(), "is_gap": self.is_gap,
        }


def read_newest(session: Session, conversation: str, bot_name: str, limit: int = FIRST_PAGE) -> Page:
    return read_before(session, conversation, bot_name, Cursor(heard=LATEST, said=LATEST), limit)


def read_before(session: Session, conversation: str, bot_name: str, before: Cursor, limit: int) -> Page:
    """The newest frames before a place."""
    heard = inbox.find_in_conversation(session, conversation, before_id=before.heard, limit=limit + 1)
    said = outbox.find_said(session, conversation, before_no=before.said, limit=limit + 1)
    merged = _merge(session, conversation, bot_name, heard, said)
    shown = merged[-limit:]
    earlier = None
    if len(merged) > len(shown):
        earlier = Cursor(
            heard=_next([row.id for row in heard], [one["heard"] for one in shown if "heard" in one], before.heard),
            said=_next([row.sent_no or 0 for row in said], [one["said"] for one in shown if "said" in one], before.said),
        )
    return Page(shown, _reach(heard, said, Cursor()), earlier)


def read_since(session: Session, conversation: str, bot_name: str, since: Cursor) -> Page:
    """Everything after a place, or, when that is too much, the newest page and a gap."""
    heard = inbox.find_in_conversation(session, conversation, after_id=since.heard, limit=MAX_MISSED + 1)
    said = outbox.find_said(session, conversation, after_no=since.said, limit=MAX_MISSED + 1)
    if len(heard) > MAX_MISSED or len(said) > MAX_MISSED:
        page = read_newest(session, conversation, bot_name)
        return Page(page.frames, page.cursor, page.earlier, is_gap=True)
    return Page(_merge(session, conversation, bot_name, heard, said), _reach(heard, said, since), None)


def find_quoted(session: Session, conversation: str, quoted_id: str) -> str | None:
    """The words of a message of this conversation, shortened; None when there is no such message here."""
    number = int(quoted_id[1:])
    row: Interaction | Saying | None
    if quoted_id[0] == "i":
        row = session.get(Interaction, number)
        if row is not None and row.kind != "MessageReceived":
            row = None
    else:
        row = session.get(Saying, number)
        if row is not None and row.sent_no is None:
            row = None
    if row is None or row.conversation != conversation:
        return None
    return (row.text or "")[:MAX_QUOTED]


def _next(fetched: Sequence[int], shown: Sequence[int], before: int) -> int:
    """Where the next page backwards begins for one of the two orders; nothing of it shown means: not used up yet."""
    if shown:
        return min(shown)
    return max(fetched) + 1 if fetched else min(before, LATEST)


def _reach(heard: Sequence[Interaction], said: Sequence[Saying], start: Cursor) -> Cursor:
    return Cursor(
        heard=max((row.id for row in heard), default=start.heard),
        said=max((row.sent_no or 0 for row in said), default=start.said),
    )


def _merge(
    session: Session, conversation: str, bot_name: str, heard: Sequence[Interaction], said: Sequence[Saying]
) -> list[dict[str, Any]]:
    told = [Said.of_row(row) for row in said]
    wanted = {one.body["mention"] for one in told if one.body.get("mention")}
    wanted |= {inviter for row in heard if row.kind == "MemberJoined" and (inviter := _inviter(row))}
    names = members.find_names(session, wanted) if wanted else {}
    ours: list[tuple[datetime, int, dict[str, Any]]] = [
        (one.at, 1, said_frame(one, conversation, bot_name, names)) for one in told
    ]
    theirs: list[tuple[datetime, int, dict[str, Any]]] = []
    for row in heard:
        frame = event_frame(read(row), row.id, names)
        if frame is not None:
            theirs.append((row.occurred_at, 0, frame))
    return [frame for _, _, frame in heapq.merge(theirs, ours, key=lambda one: one[:2])]


def _inviter(row: Interaction) -> str | None:
    found = orjson.loads(row.detail).get("inviter_id") if row.detail else None
    return found if isinstance(found, str) else None
