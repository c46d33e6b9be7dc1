"""Reads what attributions and commissions are made from for many orders at once, to make them again and compare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from storage.base import as_time, rows_fast

CHUNK = 900  # names in one query


@dataclass(slots=True)
class Seen:
    """A touch as it was kept."""

    id: int
    member_id: str
    visitor_id: str
    referrer_id: str
    campaign_id: str
    at: datetime
    void_at: datetime | None


@dataclass(slots=True)
class Corrected:
    """To whom an admin corrected an attribution; None: to nobody."""

    referrer_id: str | None


@dataclass(slots=True)
class Kept:
    """An order with all that its attribution and commissions hang on. lines: (sku, quantity, unit_fen); commissions: (id,
    sku, level, position, unit, member, wanted, granted, amount, state); balances: what the ledger has by (account, unit)."""

    order_id: str
    buyer_id: str
    referrer_id: str | None
    upper_id: str | None
    touch_id: int | None
    campaign_id: str
    version: int
    reason: str
    line: str
    seen_to: int
    is_accrued: bool
    is_first: bool
    drop_id: str | None
    total_fen: int
    status: str
    placed_at: datetime
    paid_at: datetime | None
    lines: list[tuple[str, int, int]] = field(default_factory=list)
    given_back: dict[str, int] = field(default_factory=dict)
    is_team: bool = False
    has_price_fallen: bool = False
    correction: Corrected | None = None
    commissions: list[tuple[Any, ...]] = field(default_factory=list)
    balances: dict[tuple[str, str], int] = field(default_factory=dict)


def count(session: Session) -> int:
    """How many orders have an attribution."""
    return int(rows_fast(session.connection(), "select count(*) from attributions")[0][0])


def find_after(session: Session, order_id: str, limit: int) -> list[Kept]:
    """The next orders with an attribution, by id, with everything but their touches."""
    connection = session.connection()
    query = (
        "select a.order_id, a.buyer_id, a.referrer_id, a.upper_id, a.touch_id, a.campaign_id, a.version, a.reason, a.line, a.seen_to,"
        " a.accrued_at is not null, a.is_first, o.drop_id, o.total_fen, o.status, o.placed_at, o.paid_at"
        " from attributions a join orders o on o.id = a.order_id where a.order_id > ? order by a.order_id limit ?"
    )
    found = {}
    for row in rows_fast(connection, query, order_id, limit):
        values: tuple[Any, ...] = (*row[:10], bool(row[10]), bool(row[11]), *row[12:15], as_time(row[15]), as_time(row[16]))
        found[row[0]] = Kept(*values)
    if found:
        _add_money(connection, found)
        _add_earnings(connection, found)
    return list(found.values())


def _add_money(connection: Connection, found: dict[str, Kept]) -> None:
    ids = list(found)
    for order_id, sku, quantity, unit_fen in _rows(
        connection, "select order_id, sku_id, quantity, unit_fen from order_lines where order_id in ({}) order by order_id, sku_id", ids
    ):
        found[order_id].lines.append((sku, quantity, unit_fen))
    parts = (
        "select r.order_id, p.sku_id, sum(p.amount_fen) from refunds r join refund_parts p on p.refund_id = r.id"
        " where r.why = 'part' and r.order_id in ({}) group by r.order_id, p.sku_id"
    )
    for order_id, sku, fen in _rows(connection, parts, ids):
        found[order_id].given_back[sku] = int(fen)
    for (order_id,) in _rows(connection, "select order_id from refunds where why = 'price_fell' and order_id in ({})", ids):
        found[order_id].has_price_fallen = True
    teams = (
        "select s.order_id from seats s join teams t on t.id = s.team_id"
        " where t.status = 'formed' and s.status <> 'released' and s.order_id in ({})"
    )
    for (order_id,) in _rows(connection, teams, ids):
        found[order_id].is_team = True


def _add_earnings(connection: Connection, found: dict[str, Kept]) -> None:
    ids = list(found)
    earned = (
        "select order_id, id, sku_id, level, position, unit, member_id, wanted, granted, amount, state from commissions"
        " where order_id in ({}) order by order_id, level, position, sku_id, id"
    )
    for order_id, *rest in _rows(connection, earned, ids):
        found[order_id].commissions.append(tuple(rest))
    corrected = (
        "select order_id, referrer_id from attribution_disputes where state = 'corrected' and order_id in ({}) order by id"
    )
    for order_id, referrer_id in _rows(connection, corrected, ids):
        found[order_id].correction = Corrected(referrer_id)
    booked = (
        "select t.subject, e.account, e.unit, sum(e.side * e.amount) from transfers t join ledger_entries e on e.transfer_id = t.id"
        " where t.subject in ({}) group by t.subject, e.account, e.unit"
    )
    for order_id, account, unit, amount in _rows(connection, booked, ids):
        found[order_id].balances[account, unit] = int(amount)


def find_touches(session: Session, members: Sequence[str], visitors: Sequence[str]) -> list[Seen]:
    """Every touch of these members and visitors, each once, oldest first."""
    connection = session.connection()
    query = "select id, member_id, visitor_id, referrer_id, campaign_id, at, void_at from touches where {} in ({{}})"
    found: dict[int, Seen] = {}
    for column, values in (("member_id", members), ("visitor_id", visitors)):
        for row in _rows(connection, query.format(column), values):
            values_of: tuple[Any, ...] = (*row[:5], as_time(row[5]), as_time(row[6]))
            found[row[0]] = Seen(*values_of)
    return sorted(found.values(), key=lambda touch: (touch.at, touch.id))


def find_last_touch(session: Session) -> int:
    """The id of the touch kept last; 0 where there is none."""
    return int(rows_fast(session.connection(), "select coalesce(max(id), 0) from touches")[0][0])


def find_paid(session: Session, members: Sequence[str]) -> list[tuple[str, str, datetime]]:
    """When these members' orders were paid: (member, order, paid_at)."""
    query = "select member_id, id, paid_at from orders where paid_at is not null and member_id in ({})"
    return [(member, order_id, as_time(at)) for member, order_id, at in _rows(session.connection(), query, members)]


def find_grants(session: Session, campaign_id: str) -> Iterable[tuple[Any, ...]]:
    """What was promised under a campaign in the order in which it was asked for: (order, level, member, version, wanted,
    granted), one row for an order's level."""
    query = (
        "select c.order_id, c.level, c.member_id, a.version, sum(c.wanted), sum(c.granted) from commissions c"
        " join attributions a on a.order_id = c.order_id where c.campaign_id = ? and c.unit = 'fen'"
        " group by c.order_id, c.level, c.member_id, a.version order by min(c.id)"
    )
    return rows_fast(session.connection(), query, campaign_id)


def _rows(connection: Connection, query: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(values), CHUNK):
        some = values[start : start + CHUNK]
        found += rows_fast(connection, query.format(", ".join("?" * len(some))), *some)
    return found
