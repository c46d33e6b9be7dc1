"""What every event is: a frozen fact with a key, and how it is written to a row and read back."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from typing import Any, Self

import orjson

# These fields have columns of their own on the interaction row; the rest goes into its `detail` as JSON.
COLUMNS = (
    "key", "lane", "occurred_at", "channel", "conversation", "group_id", "member_id", "member_name", "text",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. The same key twice is one event; events of one lane run in order."""

    key: str
    lane: str
    occurred_at: datetime
    channel: str
    conversation: str
    group_id: str | None = None
    member_id: str | None = None
    member_name: str | None = None
    text: str | None = None

    def detail(self) -> bytes | None:
        """The fields without a column that differ from their defaults, as JSON."""
        extra = {
            name: value for name, default in extras_of(type(self)) if (value := getattr(self, name)) != default
        }
        return orjson.dumps(extra) if extra else None

    @classmethod
    def read(cls, row: Any) -> Self:
        """The event again, from its interaction row."""
        values = {name: getattr(row, name) for name in COLUMNS}
        extra = orjson.loads(row.detail) if row.detail else {}
        for field in fields(cls):
            if field.name in extra:
                value = extra[field.name]
                values[field.name] = tuple(value) if isinstance(value, list) else value
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of an event: its interaction, whether it was new, and its outcome."""

    inbox_id: int
    is_new: bool
    outcome: str
    error: str | None = None


_EXTRAS: dict[type, tuple[tuple[str, Any], ...]] = {}


def extras_of(kind: type[Event]) -> tuple[tuple[str, Any], ...]:
    """The names and defaults of an event's fields that have no column."""
    known = _EXTRAS.get(kind)
    if known is None:
        known = tuple(
            (field.name, None if field.default is MISSING else field.default)
            for field in fields(kind)
            if field.name not in COLUMNS
        )
        _EXTRAS[kind] = known
    return known
