"""Commissions: what each order line earns, for whom, and where it stands; every change of it moves in the ledger too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage import ledger
from storage.base import AnyRow, Base, BigId, UtcTime, table_of
from storage.drops import one_of
from storage.terms import FEN, LEVELS, UNITS

PENDING, PAYABLE, PAID, REVERSED, HELD, REJECTED = "pending", "payable", "paid", "reversed", "held", "rejected"
STATES = (PENDING, PAYABLE, PAID, REVERSED, HELD, REJECTED)
EARNING = (PENDING, PAYABLE, PAID, HELD)  # still somebody's


class Commission(Base):
    """What one order line earns one member on one level. `base_fen` is what is paid and kept for the line, `amount` what
    that earns now; `wanted` and `granted` are what the rule gave and what budget and cap left of it when it began to earn.
    `position` is the reward's place in the terms the order was placed under.
    `due_at`: when a pending one becomes payable. A held one remembers what it was in `held_from`, why, and the evidence."""

    __tablename__ = "commissions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("attributions.order_id"))
    sku_id: Mapped[str] = mapped_column(String(80))
    level: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer)
    unit: Mapped[str] = mapped_column(String(8))
    member_id: Mapped[str] = mapped_column(String(120))
    campaign_id: Mapped[str] = mapped_column(String(40))
    base_fen: Mapped[int] = mapped_column(BigInteger)
    wanted: Mapped[int] = mapped_column(BigInteger)
    granted: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10))
    due_at: Mapped[datetime | None] = mapped_column(UtcTime)
    accrued_at: Mapped[datetime] = mapped_column(UtcTime)
    changed_at: Mapped[datetime] = mapped_column(UtcTime)
    payout_id: Mapped[str | None] = mapped_column(ForeignKey("payouts.id"), index=True)
    held_from: Mapped[str | None] = mapped_column(String(10))
    held_why: Mapped[str] = mapped_column(String(40))
    evidence: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("uq_commissions_line", "order_id", "sku_id", "position", "member_id", unique=True),
        CheckConstraint(f"level in ({', '.join(map(str, LEVELS))})", name="level"),
        CheckConstraint(one_of("unit", UNITS), name="unit"),
        CheckConstraint(one_of("state", STATES), name="state"),
        CheckConstraint("amount >= 0 and granted >= 0 and granted <= wanted", name="amount"),
        CheckConstraint("base_fen >= 0", name="base"),
        CheckConstraint("state not in ('reversed', 'rejected') or amount = 0", name="nothing"),
        CheckConstraint("(state = 'held') = (held_from is not null)", name="held"),
        Index("ix_commissions_member", "member_id", "accrued_at"),
        Index("ix_commissions_state", "state", "id"),
        Index("ix_commissions_campaign", "campaign_id", "id"),
        Index("ix_commissions_due", "due_at", sqlite_where=sql("state = 'pending'"), postgresql_where=sql("state = 'pending'")),
    )


TABLE = table_of(Commission)
_ACCOUNTS = {PENDING: ledger.PENDING, PAYABLE: ledger.PAYABLE, PAID: ledger.PAYABLE, HELD: ledger.HELD}


def account_of(member_id: str, state: str) -> str:
    """The account on which a commission of this state stands. What is paid comes out of «payable», below nothing if need be:
    that is a debt, which later earnings settle."""
    return ledger.account_of(member_id, _ACCOUNTS[state])


def insert_all(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """New commissions: every column but id, changed_at and those of a hold or payout."""
    more = {"payout_id": None, "held_from": None, "held_why": "", "evidence": "{}"}
    if rows:
        session.execute(insert(TABLE), [{**row, **more, "changed_at": row["accrued_at"]} for row in rows])


def find_of_order(session: Session, order_id: str) -> Sequence[AnyRow]:
    """An order's commissions by level, place and line."""
    query = select(TABLE).where(TABLE.c.order_id == order_id)
    return session.execute(query.order_by(TABLE.c.level, TABLE.c.position, TABLE.c.sku_id, TABLE.c.id)).all()


def find_with_ids(session: Session, ids: Sequence[int]) -> Sequence[AnyRow]:
    """These commissions, held until the commit."""
    return session.execute(select(TABLE).where(TABLE.c.id.in_(ids)).order_by(TABLE.c.id).with_for_update()).all()


def set_amounts(session: Session, changes: Sequence[tuple[int, int, int, str]], now: datetime) -> None:
    """What is kept for a line and what it earns has changed: (id, base_fen, amount, state)."""
    for commission_id, base_fen, amount, state in changes:
        values: dict[str, Any] = {"base_fen": base_fen, "amount": amount, "changed_at": now, "state": state}
        if state != HELD:
            values["held_from"] = None
        session.execute(update(TABLE).where(TABLE.c.id == commission_id).values(**values))


def set_state(session: Session, ids: Sequence[int], state: str, now: datetime, **more: Any) -> None:
    session.execute(update(TABLE).where(TABLE.c.id.in_(ids)).values(state=state, changed_at=now, **more))


def set_due(session: Session, order_id: str, due_at: datetime | None) -> None:
    """When an order's pending commissions become payable; None: not yet."""
    waiting = TABLE.c.state.in_((PENDING, HELD))
    session.execute(update(TABLE).where(TABLE.c.order_id == order_id, waiting).values(due_at=due_at))


def find_due(session: Session, now: datetime, limit: int = 200) -> Sequence[AnyRow]:
    """Orders with commissions whose days are over: order_id and the last due_at, oldest first."""
    due = select(TABLE.c.order_id, func.max(TABLE.c.due_at).label("due_at"))
    due = due.where(sql("commissions.state = 'pending'"), TABLE.c.due_at <= now).group_by(TABLE.c.order_id)
    return session.execute(due.order_by(func.max(TABLE.c.due_at), TABLE.c.order_id).limit(limit)).all()


def move(session: Session, rows: Sequence[AnyRow], what: str, to: str, cause: str, now: datetime) -> None:
    """Move what these commissions are worth from the accounts of their states to those of another state (or to the shop,
    where it is the name of an account), one transfer for all of one member, level and unit."""
    sums: dict[tuple[str, int, str, str, str], int] = {}
    for row in rows:
        key = (row.order_id, row.level, row.unit, row.member_id, row.state)
        sums[key] = sums.get(key, 0) + row.amount
    for (order_id, level, unit, member_id, state), amount in sums.items():
        put_to = account_of(member_id, to) if to in _ACCOUNTS else to
        if amount:
            ledger.move(
                session, f"{what}:{order_id}:{level}:{unit}:{state}:{cause}", unit, amount,
                taken_from=account_of(member_id, state), put_to=put_to, subject=order_id, at=now,
            )


def lock_payable(session: Session) -> Sequence[AnyRow]:
    """Commissions (id, member_id) that may go into a payout, held until the commit so that nobody holds them back meanwhile."""
    query = select(TABLE.c.id, TABLE.c.member_id).where(TABLE.c.state == PAYABLE, TABLE.c.unit == FEN, TABLE.c.payout_id.is_(None))
    return session.execute(query.order_by(TABLE.c.id).with_for_update()).all()


def put_into(session: Session, payout_id: str, ids: Sequence[int]) -> None:
    """These commissions go into a payout: they can no longer be held back."""
    for start in range(0, len(ids), 5_000):
        some = ids[start : start + 5_000]
        session.execute(update(TABLE).where(TABLE.c.id.in_(some)).values(payout_id=payout_id))


def end_payout(session: Session, payout_id: str, now: datetime, *, is_paid: bool) -> None:
    """The payout was handed over, or given up: then its commissions wait for another."""
    mine = (TABLE.c.payout_id == payout_id, TABLE.c.state == PAYABLE)
    values: dict[str, Any] = {"state": PAID, "changed_at": now} if is_paid else {"payout_id": None}
    session.execute(update(TABLE).where(*mine).values(**values))


def hold(session: Session, ids: Sequence[int], why: str, evidence: Mapping[str, Any], now: datetime) -> list[int]:
    """Keep these commissions back, with the rule's name and its evidence, until an admin decides; gives the ids of those
    held. What is paid already cannot be held."""
    rows = [row for row in find_with_ids(session, ids) if row.state in (PENDING, PAYABLE) and row.payout_id is None]
    for state in (PENDING, PAYABLE):
        some = [row for row in rows if row.state == state]
        move(session, some, "hold", HELD, f"{_ids(some)}:{now.isoformat()}", now)
        words = json.dumps(evidence, ensure_ascii=False, default=str)
        set_state(session, [row.id for row in some], HELD, now, held_from=state, held_why=why[:40], evidence=words)
    return [row.id for row in rows]


def release(session: Session, ids: Sequence[int], now: datetime) -> list[int]:
    """Held commissions are what they were before; gives the ids of those released."""
    rows = [row for row in find_with_ids(session, ids) if row.state == HELD]
    for state in (PENDING, PAYABLE):
        some = [row for row in rows if row.held_from == state]
        move(session, some, "unhold", state, f"{_ids(some)}:{now.isoformat()}", now)
        set_state(session, [row.id for row in some], state, now, held_from=None)
    return [row.id for row in rows]


def reject(session: Session, ids: Sequence[int], why: str, now: datetime) -> list[int]:
    """These commissions are not given: nothing is left of them. What is paid already becomes a debt. Gives their ids."""
    rows = [row for row in find_with_ids(session, ids) if row.state in EARNING]
    move(session, rows, "reject", ledger.COST, f"{_ids(rows)}:{now.isoformat()}", now)
    set_state(session, [row.id for row in rows], REJECTED, now, amount=0, held_from=None, held_why=why[:40])
    return [row.id for row in rows]


def _ids(rows: Sequence[AnyRow]) -> str:
    return f"{rows[0].id}-{len(rows)}" if rows else ""
