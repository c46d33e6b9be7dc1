"""One walk through the inbox for the log page: which index to follow, what to check on the way, how far to look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.orm import Session

from storage import outbox, search
from storage.inbox import DONE, TABLE

if TYPE_CHECKING:
    from storage.log import Filter

WINDOW = 12_000  # rows of a road looked at in one go
FEW = 8_000  # on a road this short the words are looked for on each row, not in the search's list
# Ids and times of receiving rise together, but for lanes that commit side by side and clocks that are set.
SLACK_IDS, SLACK_ROWS = 1_000, 200

# Jumps from one distinct value to the next along the index instead of reading every row.
DISTINCT_HEARD_BY = sql(
    "with recursive heard(name) as ("
    " select min(heard_by) from inbox where heard_by is not null"
    " union all select (select min(heard_by) from inbox where heard_by > heard.name) from heard"
    " where heard.name is not null"
    ") select name from heard where name is not null"
)


class Walk:
    """One filter on its way through the inbox."""

    def __init__(self, session: Session, wanted: Filter) -> None:
        self.session, self.wanted = session, wanted
        self.is_sqlite = session.get_bind().dialect.name == "sqlite"
        self.low, self.high = bounds(session, wanted.since, wanted.until)
        self.listened = (
            [one for one in find_heard_by(session) if wanted.feature in one.split(",")]
            if wanted.feature
            else []
        )
        self.match = search.matching(session, wanted.words) if wanted.words else None
        roads = self._roads()
        self.sizes = {name: self._size(name) for name in roads} if len(roads) > 1 else {}
        self.road = min(roads, key=lambda name: self.sizes.get(name, 0)) if roads else ""

    @property
    def is_hopeless(self) -> bool:
        """Nothing can fit: a word without letters, a feature that never heard anything, an empty road."""
        wanted = self.wanted
        return bool(
            (wanted.words and self.match is None)
            or (wanted.feature and not self.listened)
            or (self.sizes and min(self.sizes.values()) == 0)
        )

    def _roads(self) -> list[str]:
        wanted = self.wanted
        roads = {
            "words": bool(wanted.words and self.match is not None),
            "member": bool(wanted.member_id),
            "state": bool(wanted.state and wanted.state != DONE),
            "kind": wanted.kind not in ("", "MessageReceived"),
            "outcome": wanted.outcome not in ("", "none"),
            "feature": bool(self.listened),
            "conversation": bool(wanted.conversation),
        }
        return [name for name, is_open in roads.items() if is_open]

    def _size(self, road: str) -> int:
        """How many rows are on a road, counted no further than needed to choose."""
        ids = self._ids(road, self.low, self.high).limit(WINDOW + 1).subquery()
        return self.session.execute(select(func.count()).select_from(ids)).scalar_one()

    def _ids(self, road: str, low: int, high: int) -> Select[Any]:
        """The ids on a road between two ids."""
        if road == "words" and self.match is not None:
            row_id = self.match.selected_columns[0]
            return self.match.with_only_columns(row_id.label("id")).where(row_id.between(low, high))
        if road == "feature":
            parts = [
                select(TABLE.c.id).where(TABLE.c.heard_by == one, TABLE.c.id.between(low, high))
                for one in self.listened
            ]
            return parts[0] if len(parts) == 1 else select(union_all(*parts).subquery().c.id)
        on = [self._on(road)] if road else []
        return select(TABLE.c.id).where(*on, TABLE.c.id.between(low, high))

    def _on(self, road: str) -> ColumnElement[bool]:
        """The condition that an index answers in the order of ids."""
        wanted = self.wanted
        if road == "member":
            return TABLE.c.member_id == wanted.member_id
        if road == "conversation":
            return TABLE.c.conversation == wanted.conversation
        # A partial index is used when its own condition stands in the query, word for word.
        if road == "outcome":
            return and_(TABLE.c.outcome == wanted.outcome, sql("outcome <> 'none'"))
        if road == "state":
            return and_(TABLE.c.state == wanted.state, sql("state <> 'done'"))
        return and_(TABLE.c.kind == wanted.kind, sql("kind <> 'MessageReceived'"))

    def checks(self) -> list[ColumnElement[bool]]:
        """The filters the road does not answer, written so that no other index is chosen for them."""
        wanted, column, checks = self.wanted, self._plain, []
        for name, condition in (
            ("member", column("member_id") == wanted.member_id),
            ("kind", column("kind") == wanted.kind),
            ("conversation", column("conversation") == wanted.conversation),
            ("outcome", column("outcome") == wanted.outcome),
            ("state", column("state") == wanted.state),
            ("feature", column("heard_by").in_(self.listened)),
        ):
            is_wanted = getattr(wanted, {"member": "member_id"}.get(name, name))
            if is_wanted and name != self.road:
                checks.append(condition)
        if wanted.since is not None:
            checks.append(column("received_at") >= wanted.since)
        if wanted.until is not None:
            checks.append(column("received_at") < wanted.until)
        if wanted.has_reply:
            checks.append(exists().where(outbox.TABLE.c.cause_id == TABLE.c.id))
        if self.match is not None and self.road != "words":
            checks.append(self._holds_words())
        return checks

    def _holds_words(self) -> ColumnElement[bool]:
        """The words, looked for on the row itself: cheaper than the search's whole list when the road is short."""
        if self.sizes[self.road] > FEW and self.match is not None:
            return TABLE.c.id.in_(self.match)
        holds = [
            or_(
                TABLE.c.text.icontains(word, autoescape=True),
                TABLE.c.member_name.icontains(word, autoescape=True),
                exists().where(
                    outbox.TABLE.c.cause_id == TABLE.c.id,
                    outbox.TABLE.c.text.icontains(word, autoescape=True),
                ),
            )
            for word in search.RUNS.findall(self.wanted.words.lower())
        ]
        return and_(*holds)

    def _plain(self, name: str) -> ColumnElement[Any]:
        column = TABLE.c[name]
        # SQLite has no statistics here and would guess; a unary plus tells it to leave that column's index alone.
        return type_coerce(literal_column(f"+inbox.{name}"), column.type) if self.is_sqlite else column

    def reach(self, low: int, high: int, *, is_rising: bool) -> tuple[int, int, bool]:
        """The part of an id range to look at in one go, and whether it ends before the range does."""
        if not self.checks():
            return low, high, False  # every row on the road fits
        ids = self._ids(self.road, low, high).subquery()
        order = ids.c.id.asc() if is_rising else ids.c.id.desc()
        last = self.session.execute(select(ids.c.id).order_by(order).offset(WINDOW - 1).limit(1)).scalar()
        if last is None:
            return low, high, False
        return (low, last, last < high) if is_rising else (last, high, last > low)

    def passing(self, low: int, high: int) -> Select[Any]:
        """The ids in a range that pass every filter, in one column `id`, in no order."""
        checks = self.checks()
        if self.road in ("words", "feature"):
            ids = self._ids(self.road, low, high)
            if not checks:
                return ids
            road = ids.subquery()
            return select(road.c.id).join(TABLE, TABLE.c.id == road.c.id).where(*checks)
        return self._ids(self.road, low, high).where(*checks)

    def find(self, low: int, high: int, limit: int, *, is_rising: bool) -> Sequence[int]:
        """The first ids in a range that pass every filter, in the order walked."""
        ids = self.passing(low, high).subquery()
        order = ids.c.id.asc() if is_rising else ids.c.id.desc()
        return self.session.scalars(select(ids.c.id).order_by(order).limit(limit)).all()


def find_heard_by(session: Session) -> Sequence[str]:
    """Every different `heard_by` in the inbox: a feature, or several by comma."""
    return session.scalars(DISTINCT_HEARD_BY).all()


def bounds(session: Session, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """An id range that holds every row received in this time, and some more around it."""
    low, high = 1, session.execute(select(func.max(TABLE.c.id))).scalar() or 0
    if since is not None:
        first = (
            select(TABLE.c.id)
            .where(TABLE.c.received_at >= since)
            .order_by(TABLE.c.received_at)
            .limit(SLACK_ROWS)
        )
        found = session.execute(select(func.min(first.subquery().c.id))).scalar()
        low = high + 1 if found is None else max(low, found - SLACK_IDS)
    if until is not None:
        last = (
            select(TABLE.c.id)
            .where(TABLE.c.received_at < until)
            .order_by(TABLE.c.received_at.desc())
            .limit(SLACK_ROWS)
        )
        found = session.execute(select(func.max(last.subquery().c.id))).scalar()
        high = 0 if found is None else min(high, found + SLACK_IDS)
    return low, high
