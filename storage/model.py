"""What the language model cost and said: use by day and place, answers kept for the same question, text vectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Integer, LargeBinary, String, Text, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, UtcTime, table_of

EVERYWHERE = ""  # the place that counts a whole day


class ModelUse(Base):
    """One day in one place (a group, all private chats together, or everywhere). A token's cost is counted in
    millionths of a fen, so that a price in fen a million tokens stays a whole number."""

    __tablename__ = "model_use"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    place: Mapped[str] = mapped_column(String(120), primary_key=True)
    calls: Mapped[int] = mapped_column(Integer)
    tokens: Mapped[int] = mapped_column(BigInteger)
    cost_micro_fen: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("tokens >= 0", name="tokens"),
        CheckConstraint("cost_micro_fen >= 0", name="cost"),
    )


class ModelAnswer(Base):
    """What the model answered to a question over these passages; `body` is JSON."""

    __tablename__ = "model_answers"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime, index=True)


class TextVector(Base):
    """A text's embedding as little-endian float32; the key is made of the model's name and the text."""

    __tablename__ = "model_vectors"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcTime, index=True)


USE, ANSWERS, VECTORS = table_of(ModelUse), table_of(ModelAnswer), table_of(TextVector)


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that a day may cost in one place."""

    tokens: int
    cost_micro_fen: int


class BudgetSpent(Exception):
    """A reservation would pass the day's limit; says where."""


def reserve(session: Session, day: str, limits: Mapping[str, Limit], tokens: int, cost_micro_fen: int) -> None:
    """Count a call before it is made, in every place named. Raises BudgetSpent; the caller's transaction is then to be
    rolled back. The update is conditional, so that two processes cannot pass a limit together."""
    for place, limit in sorted(limits.items()):
        zero = {"day": day, "place": place, "calls": 0, "tokens": 0, "cost_micro_fen": 0}
        _insert_once(session, ModelUse, ["day", "place"], [zero])
        counted = session.execute(
            update(USE)
            .where(USE.c.day == day, USE.c.place == place, USE.c.tokens + tokens <= limit.tokens)
            .where(USE.c.cost_micro_fen + cost_micro_fen <= limit.cost_micro_fen)
            .values(calls=USE.c.calls + 1, tokens=USE.c.tokens + tokens, cost_micro_fen=USE.c.cost_micro_fen + cost_micro_fen)
        )
        if not getattr(counted, "rowcount", 0):
            raise BudgetSpent(place)


def settle(session: Session, day: str, places: Iterable[str], tokens: int, cost_micro_fen: int) -> None:
    """Correct a reservation by what the call took beyond it, or (negative) left of it."""
    for place in sorted(places):
        session.execute(
            update(USE)
            .where(USE.c.day == day, USE.c.place == place)
            .values(tokens=USE.c.tokens + tokens, cost_micro_fen=USE.c.cost_micro_fen + cost_micro_fen)
        )


def find_use(session: Session, day: str, place: str = EVERYWHERE) -> ModelUse | None:
    return session.get(ModelUse, (day, place))


def find_uses(session: Session, day: str, limit: int = 20) -> Sequence[ModelUse]:
    """The places that used the model on a day, the dearest first, without the sum."""
    query = select(ModelUse).where(ModelUse.day == day, ModelUse.place != EVERYWHERE)
    return session.scalars(query.order_by(ModelUse.tokens.desc(), ModelUse.place).limit(limit)).all()


def find_answer(session: Session, key: str, since: datetime) -> str | None:
    """The JSON kept for this key, unless it is older."""
    query = select(ANSWERS.c.body).where(ANSWERS.c.key == key, ANSWERS.c.created_at >= since)
    return session.execute(query).scalar()


def keep_answer(session: Session, key: str, body: str, now: datetime, before: datetime) -> None:
    """Keep an answer, and forget those from before."""
    session.execute(delete(ANSWERS).where(ANSWERS.c.created_at < before))
    _insert_once(session, ModelAnswer, ["key"], [{"key": key, "body": body, "created_at": now}])


def count_answers(session: Session) -> int:
    return session.execute(select(func.count()).select_from(ANSWERS)).scalar_one()


def find_vectors(session: Session, keys: Sequence[str]) -> dict[str, bytes]:
    """The vectors known among these keys."""
    rows = session.execute(select(VECTORS.c.key, VECTORS.c.vector).where(VECTORS.c.key.in_(keys)))
    return {row.key: row.vector for row in rows}


def keep_vectors(session: Session, vectors: Mapping[str, bytes], now: datetime, before: datetime) -> None:
    """Keep vectors, and forget those from before."""
    session.execute(delete(VECTORS).where(VECTORS.c.created_at < before))
    rows = [{"key": key, "vector": vector, "created_at": now} for key, vector in sorted(vectors.items())]
    if rows:
        _insert_once(session, TextVector, ["key"], rows)


def _insert_once(session: Session, model: type[Base], unique: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(dialect.insert(table_of(model)).on_conflict_do_nothing(index_elements=list(unique)), rows)
