"""The log page's questions to the inbox: filtered, searched, page by page, each bounded in how much it looks at.

A page is found by walking one index (the *road*) in the order of ids and checking the other filters on the way. The
road is the filter with the fewest rows. A walk looks at no more than WINDOW rows; a page that is not full by then says
how far it came, and the next page goes on from there. So no combination of filters can make a page slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.inbox import TABLE, Interaction
from storage.log_walk import Walk, find_heard_by

PAGE, MANY = 50, 10_000


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show; None or empty means all. `until` is exclusive; `has_reply` keeps what we said something to."""

    words: str = ""
    conversation: str = ""
    member_id: str = ""
    feature: str = ""
    outcome: str = ""
    state: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    has_reply: bool = False

    @property
    def is_empty(self) -> bool:
        return self == Filter()


@dataclass(frozen=True, slots=True)
class LogPage:
    """Rows newest first, and where to go on: `older` and `newer` are cursors or None. `stopped_at` is set when the
    walk ended before the page was full."""

    rows: Sequence[Interaction]
    older: int | None
    newer: int | None
    stopped_at: int | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows fit; `is_more` when there are at least this many."""

    number: int
    is_more: bool


def find_page(
    session: Session,
    wanted: Filter,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = PAGE,
) -> LogPage:
    """The newest rows that fit, or those older than `before`, or those just newer than `after`."""
    walk = Walk(session, wanted)
    if walk.is_hopeless:
        return LogPage((), None, None)
    if after is not None:
        return _newer(walk, after, limit) or find_page(session, wanted, limit=limit)
    high = walk.high if before is None else min(walk.high, before - 1)
    low, high, is_cut = walk.reach(walk.low, high, is_rising=False)
    found = walk.find(low, high, limit + 1, is_rising=False)
    ids = found[:limit]
    is_full = len(found) > limit
    older = ids[-1] if is_full else low if is_cut else None
    newer = None if before is None else ids[0] if ids else before - 1
    return LogPage(_rows(session, ids), older, newer, low if is_cut and not is_full else None)


def _newer(walk: Walk, after: int, limit: int) -> LogPage | None:
    """The page just newer than an id; None when that is the first page."""
    low, high, is_cut = walk.reach(max(walk.low, after + 1), walk.high, is_rising=True)
    found = walk.find(low, high, limit + 1, is_rising=True)
    ids = found[:limit][::-1]
    is_full = len(found) > limit
    if not is_full and not is_cut:
        return None
    newer = ids[0] if is_full else high
    return LogPage(_rows(walk.session, ids), ids[-1] if ids else after + 1, newer, None)


def _rows(session: Session, ids: Sequence[int]) -> Sequence[Interaction]:
    query = select(Interaction).where(TABLE.c.id.in_(ids)).order_by(TABLE.c.id.desc())
    return session.scalars(query).all() if ids else ()


def count(session: Session, wanted: Filter) -> Count:
    """How many rows fit, counted up to MANY and no further than one walk looks."""
    if wanted.is_empty:
        return Count(session.execute(select(func.max(TABLE.c.id))).scalar() or 0, False)
    walk = Walk(session, wanted)
    if walk.is_hopeless:
        return Count(0, False)
    low, high, is_cut = walk.reach(walk.low, walk.high, is_rising=False)
    ids = walk.passing(low, high).limit(MANY + 1).subquery()
    number = session.execute(select(func.count()).select_from(ids)).scalar_one()
    return Count(min(number, MANY), is_cut or number > MANY)


def read_all(
    session: Session, wanted: Filter, *, before: int | None, limit: int
) -> tuple[Sequence[Interaction], int | None]:
    """One batch of an export: rows older than `before`, and where to go on (None at the end)."""
    page = find_page(session, wanted, before=before, limit=limit)
    return page.rows, page.older


def find_features(session: Session) -> Sequence[str]:
    """Features that ever heard something, by name."""
    return sorted({name for names in find_heard_by(session) for name in names.split(",")})


def find_around(session: Session, row: Interaction, reach: int = 20) -> Sequence[Interaction]:
    """The conversation around an interaction: up to `reach` rows before it, itself, and as many after it."""
    same = select(Interaction).where(TABLE.c.conversation == row.conversation)
    before = session.scalars(same.where(TABLE.c.id < row.id).order_by(TABLE.c.id.desc()).limit(reach)).all()
    after = session.scalars(same.where(TABLE.c.id > row.id).order_by(TABLE.c.id).limit(reach)).all()
    return [*before[::-1], row, *after]
