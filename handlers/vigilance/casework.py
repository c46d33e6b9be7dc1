"""Brings together what is known of one referrer, in the shape the rules read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from handlers.vigilance.rules import Case, Join, Known, Purchase
from storage import casework, identities, signs
from storage.base import AnyRow

LOOK_BACK = timedelta(days=60)
SIGNS_KEPT = timedelta(days=365)  # a sign that was not seen for longer is nobody's any more
MOST_ORDERS, MOST_JOINS = 200, 300


def case_of(session: Session, referrer_id: str, now: datetime) -> Case:
    """One referrer's last 60 days; of a person's several members all together."""
    own = identities.everyone_of(session, referrer_id)
    members = sorted({referrer_id, *own.member_ids})
    since = now - LOOK_BACK
    bought = casework.find_credited(session, members, since, MOST_ORDERS)
    joined = casework.find_joins(session, members, since, MOST_JOINS)
    people = {row.buyer_id for row in bought} | {row.member_id for row in joined}
    persons = identities.find_persons(session, identities.MEMBER, sorted(people))
    seen = signs.find_of(session, {*people, *members}, now - SIGNS_KEPT)
    shared = signs.count_users(session, {value for found in seen.values() for _, value in found})
    known = {one: Known(persons.get(one, one), frozenset(seen.get(one, ()))) for one in people}
    everything = frozenset(sign for one in members for sign in seen.get(one, ()))
    buyers = casework.find_buyers(session, {row.member_id for row in joined})
    return Case(
        referrer=Known(own.person_id, everything), purchases=_purchases(session, bought, known),
        joins=[
            Join(who=known[row.member_id], at=row.at, is_gone=row.void_at is not None, is_idle=row.member_id not in buyers)
            for row in joined
        ],
        shared_by={sign: shared.get(sign[1], 1) for found in seen.values() for sign in found},
    )  # fmt: skip


def _purchases(session: Session, bought: Sequence[AnyRow], known: dict[str, Known]) -> list[Purchase]:
    drops = {row.drop_id for row in bought if row.drop_id is not None}
    fared = casework.count_drop_refunds(session, drops, [row.order_id for row in bought]) if drops else {}
    return [
        Purchase(
            order_id=row.order_id, buyer=known[row.buyer_id], at=row.placed_at, total_fen=row.total_fen,
            is_refunded=row.total_fen > 0 and row.back_fen * 2 >= row.total_fen,
            drop_orders=fared.get(row.drop_id, (0, 0))[0], drop_refunds=fared.get(row.drop_id, (0, 0))[1],
        )
        for row in bought
    ]
