"""FAQ proposals: questions that found no answer, put together with their phrasings, until an operator settles them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import revisions
from storage.base import Base, BigId, UtcTime, table_of

OPEN, ACCEPTED, DISMISSED = "open", "accepted", "dismissed"
MISSED, ASKED_AGAIN, CLARIFIED, WRITTEN = "missed", "asked_again", "clarified", "written"  # why a phrasing is here
SETTLED = "proposals"  # the revision that rises when an operator settles one
MOST_PHRASINGS = 40  # kept of one proposal; further ones are only counted


class Proposal(Base):
    """A question worth an answer. `text` is its shortest wording, `answer` what an operator wrote to it, `target_id`
    the entry it seems to mean, `entry_id` the entry it became part of."""

    __tablename__ = "proposals"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    state: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(String(200))
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(String(60))
    target_id: Mapped[str | None] = mapped_column(String(80))
    count: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[datetime] = mapped_column(UtcTime)
    last_at: Mapped[datetime] = mapped_column(UtcTime)
    entry_id: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str | None] = mapped_column(String(200))
    settled_by: Mapped[str | None] = mapped_column(String(60))
    settled_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (Index("ix_proposals_state_count", "state", "count"), Index("ix_proposals_last_at", "last_at"))


class Phrasing(Base):
    """One wording of a proposal, without personal data. `key` is what equal wordings have in common."""

    __tablename__ = "proposal_phrasings"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(String(200))
    why: Mapped[str] = mapped_column(String(12))
    count: Mapped[int] = mapped_column(Integer)
    group_id: Mapped[str | None] = mapped_column(String(120))
    inbox_id: Mapped[int] = mapped_column(BigId)
    last_at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (UniqueConstraint("proposal_id", "key"),)


@dataclass(frozen=True, slots=True)
class Found:
    """A wording met in the inbox, on its way into a proposal."""

    key: str
    text: str
    why: str
    group_id: str | None
    inbox_id: int
    at: datetime
    target_id: str | None = None
    answer: str | None = None
    answered_by: str | None = None


PROPOSALS, PHRASINGS = table_of(Proposal), table_of(Phrasing)


def get(session: Session, proposal_id: int) -> Proposal:
    return session.get_one(Proposal, proposal_id)


def create(session: Session, found: Found) -> int:
    """A new open proposal without phrasings yet; gives its id."""
    made = session.execute(
        insert(PROPOSALS)
        .values(
            state=OPEN, text=found.text, answer=found.answer, answered_by=found.answered_by,
            target_id=found.target_id, count=0, first_at=found.at, last_at=found.at,
        )
        .returning(PROPOSALS.c.id)
    )
    return int(made.scalar_one())


def grow(session: Session, proposal_id: int, found: Found, times: int = 1) -> None:
    """One more wording of a proposal, or the same once more. An answer written later takes the earlier one's place."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    row = {
        "proposal_id": proposal_id, "key": found.key, "text": found.text, "why": found.why, "count": max(times, 1),
        "group_id": found.group_id, "inbox_id": found.inbox_id, "last_at": found.at,
    }
    known = session.execute(
        select(func.count()).where(PHRASINGS.c.proposal_id == proposal_id, PHRASINGS.c.key != found.key)
    ).scalar_one()
    if known < MOST_PHRASINGS:
        statement = dialect.insert(PHRASINGS).values(row)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["proposal_id", "key"],
                set_={"count": PHRASINGS.c.count + times, "last_at": found.at, "inbox_id": found.inbox_id},
            )
        )
    values: dict[str, object] = {"count": PROPOSALS.c.count + times, "last_at": found.at}
    if found.target_id is not None:
        values["target_id"] = found.target_id
    if found.answer is not None:
        values |= {"answer": found.answer, "answered_by": found.answered_by}
    session.execute(update(PROPOSALS).where(PROPOSALS.c.id == proposal_id).values(**values))


def find(
    session: Session, state: str, *, words: str = "", is_written: bool = False, after: tuple[int, int] | None = None,
    limit: int = 30,
) -> Sequence[Proposal]:
    """Proposals in a state, the most asked first; `after` is the count and id of the last one seen."""
    query = select(Proposal).where(Proposal.state == state).order_by(Proposal.count.desc(), Proposal.id.desc())
    if words:
        holds = select(Phrasing.proposal_id).where(Phrasing.text.contains(words, autoescape=True))
        query = query.where(Proposal.text.contains(words, autoescape=True) | Proposal.id.in_(holds))
    if is_written:
        query = query.where(Proposal.answer.is_not(None))
    if after is not None:
        count, last_id = after
        query = query.where((Proposal.count < count) | ((Proposal.count == count) & (Proposal.id < last_id)))
    return session.scalars(query.limit(limit)).all()


def find_phrasings(session: Session, proposal_ids: Sequence[int]) -> dict[int, list[Phrasing]]:
    """The wordings of these proposals, the most used first."""
    found: dict[int, list[Phrasing]] = {}
    query = select(Phrasing).where(Phrasing.proposal_id.in_(proposal_ids)).order_by(Phrasing.count.desc(), Phrasing.id)
    for row in session.scalars(query):
        found.setdefault(row.proposal_id, []).append(row)
    return found


def count(session: Session) -> dict[str, int]:
    """How many proposals are in each state."""
    query = select(Proposal.state, func.count()).group_by(Proposal.state)
    return {row[0]: row[1] for row in session.execute(query)}


def find_absorbing(session: Session, limit: int) -> list[tuple[int, str]]:
    """(proposal id, text) of everything that new questions may still belong to, oldest first: open ones, and
    dismissed ones, which keep taking in what was judged already."""
    newest = (
        select(PROPOSALS.c.id, PROPOSALS.c.last_at)
        .where(PROPOSALS.c.state.in_((OPEN, DISMISSED)))
        .order_by(PROPOSALS.c.last_at.desc())
        .limit(limit)
        .subquery()
    )
    query = (
        select(newest.c.id, PHRASINGS.c.text)
        .join(PHRASINGS, PHRASINGS.c.proposal_id == newest.c.id)
        .order_by(newest.c.last_at, newest.c.id, PHRASINGS.c.count.desc())
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def find_accepted(session: Session) -> Sequence[int]:
    """Accepted proposals: what is asked like them now is a new matter."""
    return session.scalars(select(PROPOSALS.c.id).where(PROPOSALS.c.state == ACCEPTED)).all()


def settle(
    session: Session, proposal_id: int, state: str, *, by: str, now: datetime, entry_id: str | None = None,
    reason: str | None = None,
) -> bool:
    """Accept or dismiss an open proposal; False when somebody else was faster."""
    changed = session.execute(
        update(PROPOSALS)
        .where(PROPOSALS.c.id == proposal_id, PROPOSALS.c.state == OPEN)
        .values(state=state, settled_by=by, settled_at=now, entry_id=entry_id, reason=reason)
    )
    revisions.rise(session, SETTLED)
    return bool(getattr(changed, "rowcount", 0))


def reopen(session: Session, proposal_id: int) -> bool:
    """Undo a dismissal."""
    changed = session.execute(
        update(PROPOSALS)
        .where(PROPOSALS.c.id == proposal_id, PROPOSALS.c.state == DISMISSED)
        .values(state=OPEN, settled_by=None, settled_at=None, reason=None)
    )
    return bool(getattr(changed, "rowcount", 0))


def forget_old(session: Session, before: datetime, limit: int = 500) -> Sequence[int]:
    """Delete open proposals asked once and not since then; gives their ids."""
    old = (
        select(PROPOSALS.c.id)
        .where(PROPOSALS.c.state == OPEN, PROPOSALS.c.count <= 1, PROPOSALS.c.answer.is_(None))
        .where(PROPOSALS.c.last_at < before)
        .limit(limit)
    )
    ids = session.scalars(old).all()
    if ids:
        session.execute(delete(PHRASINGS).where(PHRASINGS.c.proposal_id.in_(ids)))
        session.execute(delete(PROPOSALS).where(PROPOSALS.c.id.in_(ids)))
    return ids
