"""What was heard and said in one conversation, merged in time, for whoever answers it from the console."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from storage import inbox, members, operators, outbox
from storage.inbox import Interaction
from storage.outbox import Saying

LONGEST = 60  # lines shown at once
TROUBLED = frozenset({outbox.FAILED, outbox.UNKNOWN, outbox.HELD, outbox.SUPPRESSED})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation: heard from a member, said by us or an operator, or a fact like a join."""

    at: datetime
    kind: str  # heard, said, joined, left, topic
    who: str
    text: str
    member_id: str | None = None
    operator: str | None = None
    state: str | None = None
    outcome: str | None = None
    picture: str | None = None
    mention: str | None = None
    buttons: Sequence[str] = ()

    @property
    def is_ours(self) -> bool:
        return self.kind == "said"

    @property
    def is_troubled(self) -> bool:
        return self.state in TROUBLED


KINDS = {
    "MessageReceived": "heard", "MemberJoined": "joined", "MemberLeft": "left", "TopicChanged": "topic",
}


def find_lines(session: Session, conversation: str, bot_name: str, limit: int = LONGEST) -> list[Line]:
    """The newest lines of a conversation, oldest first."""
    heard = inbox.find_in_conversation(session, conversation, limit=limit, kinds=KINDS)
    said = outbox.find_in_conversation(session, conversation, limit=limit)
    bodies = [orjson.loads(saying.body) for saying in said]
    mentioned = members.find_names(session, {body["mention"] for body in bodies if body.get("mention")})
    people = operators.find_names(session, {saying.operator_id for saying in said if saying.operator_id})
    lines = [_heard(row) for row in heard]
    lines += [_said(row, body, bot_name, mentioned, people) for row, body in zip(said, bodies, strict=True)]
    # Sorting is stable: what we said stands after what was heard at the same instant.
    return sorted(lines, key=lambda line: line.at)[-limit:]


def seen_mark(lines: Sequence[Line]) -> str:
    """A short mark that changes whenever the lines do, so that an unchanged view is not sent again."""
    told = [(line.at.isoformat(), line.kind, line.text, line.state) for line in lines]
    return hashlib.blake2s(repr(told).encode(), digest_size=8).hexdigest()


def _heard(row: Interaction) -> Line:
    detail = orjson.loads(row.detail) if row.detail else {}
    return Line(
        at=row.received_at, kind=KINDS[row.kind], who=row.member_name or row.member_id or "–", text=row.text or "",
        member_id=row.member_id, outcome=row.outcome, picture=detail.get("picture"),
    )


def _said(
    row: Saying, body: dict[str, Any], bot_name: str, mentioned: dict[str, str], people: dict[int, str]
) -> Line:
    operator = people.get(row.operator_id) if row.operator_id else None
    return Line(
        at=row.sent_at or row.created_at, kind="said", who=bot_name, text=row.text, operator=operator,
        state=row.state, mention=mentioned.get(body.get("mention") or ""),
        buttons=[button["label"] for button in body.get("buttons", ())],
    )
