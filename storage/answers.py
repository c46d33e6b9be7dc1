"""What became of the answers we gave: judged half an hour later, and rated by the member."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Boolean, Index, String, func, select
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of
from storage.inbox import Interaction

RESOLVED, REASKED, COMPLAINED, PERSON, DISLIKED = "resolved", "reasked", "complained", "person", "disliked"


class AnswerGiven(Base):
    """An answer from what we know. `verdict` comes half an hour after it, the rating when the member gives one."""

    __tablename__ = "answers_given"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)  # the interaction's
    passage_id: Mapped[str] = mapped_column(String(200))
    member_id: Mapped[str] = mapped_column(String(120))
    answered_at: Mapped[datetime] = mapped_column(UtcTime)
    verdict: Mapped[str | None] = mapped_column(String(12))
    judged_at: Mapped[datetime | None] = mapped_column(UtcTime)
    is_useful: Mapped[bool | None] = mapped_column(Boolean)
    rated_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (Index("ix_answers_given_answered", "answered_at"),)


TABLE = table_of(AnswerGiven)


def find_last_judged(session: Session) -> int:
    """The newest answer with a verdict: everything before it has one too."""
    query = select(AnswerGiven.id).where(AnswerGiven.verdict.is_not(None)).order_by(AnswerGiven.id.desc()).limit(1)
    return session.execute(query).scalar() or 0


def find_unjudged(session: Session, after_id: int, before: datetime, limit: int) -> Sequence[AnyRow]:
    """Answers from passages given before then, oldest first: id, member_id, conversation, text, reason, received_at."""
    query = (
        select(
            Interaction.id, Interaction.member_id, Interaction.conversation, Interaction.text, Interaction.reason,
            Interaction.received_at,
        )
        .where(
            # Standing in the query word for word, the condition of the partial index lets SQLite use it.
            sql("outcome <> 'none'"), Interaction.id > after_id, Interaction.outcome == "answered",
            Interaction.reason.like("%:%"),
            Interaction.received_at <= before, Interaction.member_id.is_not(None),
        )
        .order_by(Interaction.id)
        .limit(limit)
    )
    return session.execute(query).all()


def find_afterwards(session: Session, asked: AnyRow, until: datetime) -> Sequence[AnyRow]:
    """What the same member did there after an answer: kind, text, outcome, reason."""
    query = (
        select(Interaction.kind, Interaction.text, Interaction.outcome, Interaction.reason)
        .where(
            Interaction.member_id == asked.member_id, Interaction.id > asked.id,
            Interaction.conversation == asked.conversation, Interaction.received_at <= until,
        )
        .order_by(Interaction.id)
        .limit(50)
    )
    return session.execute(query).all()


def judge(session: Session, asked: AnyRow, verdict: str, now: datetime) -> None:
    _put(session, asked, verdict=verdict, judged_at=now)


def rate(session: Session, asked: AnyRow, is_useful: bool, now: datetime) -> None:
    """The member's word on an answer; a later one replaces it."""
    _put(session, asked, is_useful=is_useful, rated_at=now)


def _put(session: Session, asked: AnyRow, **values: object) -> None:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    row = {
        "id": asked.id, "passage_id": (asked.reason or "")[:200], "member_id": asked.member_id,
        "answered_at": asked.received_at,
    }
    statement = dialect.insert(TABLE).values(row | values)
    session.execute(statement.on_conflict_do_update(index_elements=[TABLE.c.id], set_=values))


def find_answer(session: Session, member_id: str, conversation: str, since: datetime) -> AnyRow | None:
    """The last answer a member got in a conversation: id, member_id, conversation, text, reason, received_at."""
    query = (
        select(
            Interaction.id, Interaction.member_id, Interaction.conversation, Interaction.text, Interaction.reason,
            Interaction.received_at,
        )
        .where(
            Interaction.member_id == member_id, Interaction.conversation == conversation,
            Interaction.outcome == "answered", Interaction.reason.like("%:%"), Interaction.received_at >= since,
        )
        .order_by(Interaction.id.desc())
        .limit(1)
    )
    return session.execute(query).first()


def is_disliked(session: Session, answer_id: int) -> bool:
    row = session.get(AnswerGiven, answer_id)
    return row is not None and row.is_useful is False


def count_verdicts(session: Session, since: datetime) -> dict[str, int]:
    """How many answers given since then got each verdict."""
    query = (
        select(AnswerGiven.verdict, func.count())
        .where(AnswerGiven.answered_at >= since, AnswerGiven.verdict.is_not(None))
        .group_by(AnswerGiven.verdict)
    )
    return {row[0]: row[1] for row in session.execute(query) if row[0] is not None}


def count_ratings(session: Session, since: datetime) -> tuple[int, int]:
    """How many answers given since then were called useful, and useless."""
    query = (
        select(AnswerGiven.is_useful, func.count())
        .where(AnswerGiven.answered_at >= since, AnswerGiven.is_useful.is_not(None))
        .group_by(AnswerGiven.is_useful)
    )
    found = {bool(row[0]): row[1] for row in session.execute(query)}
    return found.get(True, 0), found.get(False, 0)
