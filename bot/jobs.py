"""How a feature asks for slow work, and how it puts an event off until a time."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Self

import orjson

from bot.events import KINDS, Event

PUT_OFF = "event"  # the kind of a job that only brings an event back when its time has come


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work done outside the transaction, answered by an event. The same key twice is one job."""

    key: str

    @classmethod
    def read(cls, payload: str) -> Self:
        return cls(**{name: value for name, value in orjson.loads(payload).items() if name in _names(cls)})


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWanted(Job):
    """The language model is to pick, for a question, one of the passages (best first), or none; answered by
    ModelAnswered."""

    lane: str
    channel: str
    conversation: str
    group_id: str | None
    member_id: str | None
    member_name: str | None
    asked_id: int
    asked_at: str
    asked_key: str
    question: str
    is_addressed: bool
    passages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundWanted(Job):
    """A refund is to be handed over by its payment's provider; answered by RefundAnswered."""

    refund_id: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HookWanted(Job):
    """A webhook is to be told to one of the shop's own systems."""

    target: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinWayWanted(Job):
    """A network is to make a code by which a group is joined; whoever comes by it carries the state."""

    account: str
    state: str
    group_id: str
    name: str


def _names(kind: type[Job]) -> set[str]:
    return {one.name for one in fields(kind)}


def row_of(job: Job, *, now: datetime, due_at: datetime | None, cause_id: int | None) -> dict[str, Any]:
    """The row that asks for a job."""
    return _row(job.key, type(job).__name__, orjson.dumps(asdict(job)).decode(), now, due_at or now, cause_id)


def row_of_event(event: Event, *, now: datetime, due_at: datetime, cause_id: int | None) -> dict[str, Any]:
    """The row that brings an event when it is due."""
    payload = {"kind": type(event).__name__, "event": orjson.loads(orjson.dumps(event))}
    return _row(event.key, PUT_OFF, orjson.dumps(payload).decode(), now, due_at, cause_id)


def read_event(payload: str) -> Event:
    """The event that a due job brings."""
    stored = orjson.loads(payload)
    values = stored["event"]
    values["occurred_at"] = datetime.fromisoformat(values["occurred_at"])
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return KINDS[stored["kind"]](**given)


def _row(
    key: str, kind: str, payload: str, now: datetime, due_at: datetime, cause_id: int | None
) -> dict[str, Any]:
    return {
        "key": key, "kind": kind, "payload": payload, "cause_id": cause_id, "state": "queued", "tries": 0,
        "created_at": now, "due_at": due_at,
    }
