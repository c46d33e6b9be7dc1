"""The saved question set: questions with the passage that should answer them or with silence, runs, and results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Float, ForeignKey, Integer, String, UniqueConstraint, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, BigId, UtcTime, table_of

RIGHT, WRONG, SILENT = "right", "wrong", "silent"
MOST_QUESTIONS, MOST_RUNS = 2_000, 40


class SavedQuestion(Base):
    """A text with what should answer it: a passage id, of a product perhaps with the fact to be told («product:x price»),
    or None where silence is right."""

    __tablename__ = "saved_questions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    text: Mapped[str] = mapped_column(String(200))
    is_addressed: Mapped[bool] = mapped_column(Boolean)
    expected: Mapped[str | None] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(String(12))
    added_by: Mapped[str] = mapped_column(String(60))
    added_at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (UniqueConstraint("text", "is_addressed"),)


class BenchRun(Base):
    """The whole set asked once, at one version of what the shop knows."""

    __tablename__ = "bench_runs"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    revision: Mapped[int] = mapped_column(Integer)
    by: Mapped[str] = mapped_column(String(60))
    right: Mapped[int] = mapped_column(Integer)
    wrong: Mapped[int] = mapped_column(Integer)
    silent: Mapped[int] = mapped_column(Integer)


class BenchResult(Base):
    """What one question of a run came to: the verdict, and the passage nearest to it (of a product with the fact
    asked) with its confidence."""

    __tablename__ = "bench_results"

    run_id: Mapped[int] = mapped_column(ForeignKey("bench_runs.id", ondelete="CASCADE"), primary_key=True)
    question_id: Mapped[int] = mapped_column(
        ForeignKey("saved_questions.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    verdict: Mapped[str] = mapped_column(String(6))
    passage_id: Mapped[str | None] = mapped_column(String(100))
    confidence: Mapped[float | None] = mapped_column(Float)


QUESTIONS, RUNS, RESULTS = table_of(SavedQuestion), table_of(BenchRun), table_of(BenchResult)


def save_all(session: Session, rows: Iterable[Mapping[str, Any]]) -> int:
    """Add questions, or change what is expected of known ones; gives how many. Keys as the columns."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(QUESTIONS)
    statement = statement.on_conflict_do_update(
        index_elements=["text", "is_addressed"],
        set_={"expected": statement.excluded.expected, "source": statement.excluded.source},
    )
    given = list(rows)
    if given:
        session.execute(statement, given)
    return len(given)


def find_questions(session: Session) -> Sequence[SavedQuestion]:
    return session.scalars(select(SavedQuestion).order_by(SavedQuestion.id).limit(MOST_QUESTIONS)).all()


def count_questions(session: Session) -> int:
    return session.execute(select(func.count()).select_from(QUESTIONS)).scalar_one()


def get_question(session: Session, question_id: int) -> SavedQuestion:
    return session.get_one(SavedQuestion, question_id)


def remove(session: Session, question_id: int) -> None:
    session.delete(get_question(session, question_id))


def record_run(
    session: Session, results: Sequence[Mapping[str, Any]], *, at: datetime, revision: int, by: str
) -> int:
    """Keep a run: results with question_id, verdict, passage_id, confidence. Only the newest forty runs stay."""
    tally = {verdict: sum(1 for one in results if one["verdict"] == verdict) for verdict in (RIGHT, WRONG, SILENT)}
    run_id: int = session.execute(
        insert(RUNS).values(at=at, revision=revision, by=by, **tally).returning(RUNS.c.id)
    ).scalar_one()
    # A question removed while the others were asked is in the run no more.
    known = set(session.scalars(select(QUESTIONS.c.id)))
    rows = [{"run_id": run_id, **one} for one in results if one["question_id"] in known]
    if rows:
        session.execute(insert(RESULTS), rows)
    kept = session.scalars(select(RUNS.c.id).order_by(RUNS.c.id.desc()).limit(MOST_RUNS)).all()
    session.execute(delete(RUNS).where(RUNS.c.id < min(kept)))
    return run_id


def find_runs(session: Session) -> Sequence[BenchRun]:
    """Runs, newest first."""
    return session.scalars(select(BenchRun).order_by(BenchRun.id.desc()).limit(MOST_RUNS)).all()


def get_run(session: Session, run_id: int) -> BenchRun:
    return session.get_one(BenchRun, run_id)


def find_results(session: Session, run_id: int) -> Sequence[AnyRow]:
    """A run's results with their questions: question_id, text, is_addressed, expected, verdict, passage_id,
    confidence."""
    query = (
        select(
            RESULTS.c.question_id, QUESTIONS.c.text, QUESTIONS.c.is_addressed, QUESTIONS.c.expected,
            RESULTS.c.verdict, RESULTS.c.passage_id, RESULTS.c.confidence,
        )
        .join(QUESTIONS, QUESTIONS.c.id == RESULTS.c.question_id)
        .where(RESULTS.c.run_id == run_id)
        .order_by(RESULTS.c.question_id)
    )
    return session.execute(query).all()
