"""Stock reservations: what an order holds of a drop's and the shop's stock, and until when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, func, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import AnyRow, Base, UtcTime, execute_fast, insert_fast, table_of
from storage.drops import OFFERS
from storage.orders import ALIVE, Line, Order
from storage.products import Product, Sku


class Reservation(Base):
    """So many of a SKU kept for an order, until `expires_at` (None: for good) or until released."""

    __tablename__ = "reservations"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    sku_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    drop_id: Mapped[str] = mapped_column(String(40))
    quantity: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcTime)

    __table_args__ = (
        CheckConstraint("quantity >= 1", name="quantity"),
        Index("ix_reservations_drop", "drop_id", "sku_id"),
        Index(
            "ix_reservations_expires", "expires_at", sqlite_where=sql("released_at is null and expires_at is not null"),
            postgresql_where=sql("released_at is null and expires_at is not null"),
        ),
    )


TABLE, SKUS = table_of(Reservation), table_of(Sku)


@dataclass(frozen=True, slots=True)
class OfferNow:
    """One offer of a drop as it stands; `free` is how many can still be had, None without a bound."""

    sku_id: str
    mark: str
    name: str
    list_fen: int
    price_fen: int
    deposit_fen: int | None
    floor_fen: int | None
    is_from_stock: bool
    free: int | None


def lock_offers(session: Session, drop_id: str) -> list[OfferNow]:
    """What a drop offers and how much of it is left, held until the commit."""
    sku_ids = select(OFFERS.c.sku_id).where(OFFERS.c.drop_id == drop_id)
    held = select(SKUS.c.id, SKUS.c.stock).where(SKUS.c.id.in_(sku_ids)).order_by(SKUS.c.id)
    stock = {row.id: row.stock for row in session.execute(held.with_for_update(key_share=True))}
    rows = session.execute(select(OFFERS).where(OFFERS.c.drop_id == drop_id).order_by(OFFERS.c.mark)).all()
    return [_as_now(row, stock.get(row.sku_id, 0)) for row in rows]


def find_offers(session: Session, drop_id: str) -> list[OfferNow]:
    """What a drop offers and how much of it is left, for showing."""
    query = select(OFFERS, SKUS.c.stock).outerjoin(SKUS, SKUS.c.id == OFFERS.c.sku_id)
    rows = session.execute(query.where(OFFERS.c.drop_id == drop_id).order_by(OFFERS.c.mark))
    return [_as_now(row, row.stock or 0) for row in rows]


def _as_now(row: AnyRow, stock: int) -> OfferNow:
    bounds = [] if row.stock_limit is None else [row.stock_limit - row.taken]
    bounds += [stock] if row.is_from_stock else []
    return OfferNow(
        row.sku_id, row.mark, row.name, row.list_fen, row.price_fen, row.deposit_fen, row.floor_fen, row.is_from_stock,
        min(bounds) if bounds else None,
    )


def take(session: Session, drop_id: str, counts: Mapping[str, int]) -> None:
    """Take so many of each SKU (fewer than none gives back), from the drop and from the shop's stock where it comes out
    of that. The CHECKs of both tables refuse what is not there."""
    for sku_id, count in sorted(counts.items()):
        if not count:
            continue
        taken = (
            update(OFFERS).where(OFFERS.c.drop_id == drop_id, OFFERS.c.sku_id == sku_id)
            .values(taken=OFFERS.c.taken + count).returning(OFFERS.c.is_from_stock)
        )
        if session.execute(taken).scalar_one():
            session.execute(update(SKUS).where(SKUS.c.id == sku_id).values(stock=SKUS.c.stock - count))


def reserve_all(session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
    """New reservations as (order_id, sku_id, drop_id, quantity, expires_at); what was released may be kept again. The
    counts are taken with `take`."""
    execute_fast(
        session.connection(),
        "insert into reservations (order_id, sku_id, drop_id, quantity, expires_at) values (?, ?, ?, ?, ?)"
        " on conflict (order_id, sku_id) do update set quantity = excluded.quantity, expires_at = excluded.expires_at,"
        " released_at = null", rows,
    )


def reserve_new(session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
    """As reserve_all, for orders that are new: nothing was reserved for them before."""
    insert_fast(session.connection(), "reservations", ("order_id", "sku_id", "drop_id", "quantity", "expires_at"), rows)


def keep(session: Session, order_ids: Sequence[str], expires_at: datetime | None = None) -> None:
    """Reservations of these orders do not expire any more, or only then."""
    statement = update(TABLE).where(TABLE.c.order_id.in_(order_ids), TABLE.c.released_at.is_(None))
    session.execute(statement.values(expires_at=expires_at))


def release(session: Session, order_ids: Sequence[str], now: datetime) -> None:
    """Give back what these orders hold; once, however often it is called."""
    statement = update(TABLE).where(TABLE.c.order_id.in_(order_ids), TABLE.c.released_at.is_(None)).values(released_at=now)
    back: dict[str, Counter[str]] = {}
    for row in session.execute(statement.returning(TABLE.c.drop_id, TABLE.c.sku_id, TABLE.c.quantity)):
        back.setdefault(row.drop_id, Counter())[row.sku_id] -= row.quantity
    for drop_id, counts in sorted(back.items()):
        take(session, drop_id, counts)


def find_of(session: Session, order_id: str) -> Sequence[AnyRow]:
    """What an order has ever reserved."""
    return session.execute(select(TABLE).where(TABLE.c.order_id == order_id).order_by(TABLE.c.sku_id)).all()


def find_expiry(session: Session, order_id: str) -> datetime | None:
    """Until when an order's places are kept; None for good (or nothing is held)."""
    query = select(func.min(TABLE.c.expires_at)).where(TABLE.c.order_id == order_id, TABLE.c.released_at.is_(None))
    return session.execute(query).scalar()


_IS_RUNNING = sql("reservations.released_at is null and reservations.expires_at is not null")


def find_drops_with_expired(session: Session, now: datetime, limit: int = 100) -> Sequence[AnyRow]:
    """Drops in which reservations have expired: drop_id, and the latest of these times (`last_at`)."""
    query = select(TABLE.c.drop_id, func.max(TABLE.c.expires_at, type_=UtcTime).label("last_at"))
    return session.execute(query.where(_IS_RUNNING, TABLE.c.expires_at <= now).group_by(TABLE.c.drop_id).limit(limit)).all()


def find_expired(session: Session, drop_id: str, now: datetime) -> list[str]:
    """Orders of a drop whose reservations have expired."""
    query = select(TABLE.c.order_id).where(_IS_RUNNING, TABLE.c.drop_id == drop_id, TABLE.c.expires_at <= now).distinct()
    return sorted(session.scalars(query))


def find_levels(session: Session, words: str = "", *, after: str | None = None, limit: int = 50) -> Sequence[AnyRow]:
    """Each SKU with its product: id, product_id, name, specs, stock, `reserved` (kept for orders not handed out) and `sold`
    (of orders paid for). By SKU id."""
    order, line, product = table_of(Order), table_of(Line), table_of(Product)
    held = select(func.coalesce(func.sum(TABLE.c.quantity), 0)).join(order, order.c.id == TABLE.c.order_id)
    held = held.where(TABLE.c.sku_id == SKUS.c.id, TABLE.c.released_at.is_(None), order.c.status.in_(ALIVE[:2]))
    sold = select(func.coalesce(func.sum(line.c.quantity), 0)).join(order, order.c.id == line.c.order_id)
    sold = sold.where(line.c.sku_id == SKUS.c.id, order.c.status.in_(ALIVE[1:]))
    query = select(
        SKUS.c.id, SKUS.c.product_id, product.c.name, SKUS.c.specs, SKUS.c.stock,
        held.correlate(SKUS).scalar_subquery().label("reserved"), sold.correlate(SKUS).scalar_subquery().label("sold"),
    ).join(product, product.c.id == SKUS.c.product_id).where(product.c.deleted_at.is_(None))
    if words:
        query = query.where(product.c.name.contains(words, autoescape=True) | (SKUS.c.id == words))
    if after:
        query = query.where(SKUS.c.id > after)
    return session.execute(query.order_by(SKUS.c.id).limit(limit)).all()


def adjust(session: Session, sku_id: str, by: int) -> int | None:
    """More or fewer of a SKU in the shop; gives what is there then, None where there is not so much (or no such SKU)."""
    changed = update(SKUS).where(SKUS.c.id == sku_id, SKUS.c.stock + by >= 0).values(stock=SKUS.c.stock + by)
    found = session.execute(changed.returning(SKUS.c.stock)).scalar_one_or_none()
    return None if found is None else int(found)
