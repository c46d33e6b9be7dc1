"""Erasing a member: names, addresses, browsers and ids go; orders, commissions and the ledger stay, without saying who."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from storage import (
    attributions,
    charges,
    choices,
    clicks,
    commissions,
    identities,
    members,
    orders,
    payouts,
    referral_links,
    signs,
    touches,
)
from storage.ids import new_id

ERASED = "已删除"
_OPEN = (orders.PLACED, orders.PAID, orders.SHIPPED)


def sum_unpaid(session: Session, member_id: str) -> dict[str, int]:
    """What is earned and not paid yet, by unit; nothing is left out, whatever holds it."""
    c = commissions.TABLE.c
    query = select(c.unit, func.sum(c.amount)).where(
        c.member_id == member_id, c.state.in_((commissions.PENDING, commissions.PAYABLE, commissions.HELD))
    )
    return {unit: int(amount) for unit, amount in session.execute(query.group_by(c.unit)) if amount}


def is_being_paid(session: Session, member_id: str) -> bool:
    """Is there a payout on its way to them?"""
    batch, line = payouts.TABLE.c, payouts.LINES.c
    query = select(batch.id).join(payouts.LINES, line.payout_id == batch.id)
    waiting = batch.status.in_((payouts.PROPOSED, payouts.APPROVED))
    return session.execute(query.where(line.member_id == member_id, waiting).limit(1)).first() is not None


def find_unpaid(session: Session, member_id: str) -> list[int]:
    c = commissions.TABLE.c
    states = (commissions.PENDING, commissions.PAYABLE, commissions.HELD)
    return list(session.scalars(select(c.id).where(c.member_id == member_id, c.state.in_(states))))


def erase(session: Session, member_id: str, now: datetime) -> None:
    """Everything personal that referring and finished orders hold of them. Whoever reads the books finds the channel's id,
    which the ledger's accounts are named by, and nothing else. Orders under way keep what they need until they are done."""
    names = _forget_visitors(session, member_id)
    links, people, shares = referral_links.TABLE, members.TABLE, attributions.DISPUTES
    session.execute(update(links).where(links.c.member_id == member_id).values(shows_name=referral_links.NO_NAME))
    session.execute(update(people).where(people.c.id == member_id).values(name=ERASED, note="", language=None))
    session.execute(update(shares).where(shares.c.member_id == member_id).values(words=""))
    paid = payouts.LINES
    session.execute(update(paid).where(paid.c.member_id == member_id).values(member_name=ERASED))
    signs.forget(session, [member_id])
    _forget_ids(session, member_id)
    _rename_in_reasons(session, names)
    erase_orders(session, member_id)
    choices.mark_erased(session, [member_id], now)


def erase_orders(session: Session, member_id: str) -> int:
    """Name, address and note of their orders that are done; gives how many are still under way."""
    order, charge = orders.TABLE, charges.TABLE
    done = (order.c.member_id == member_id, order.c.status.not_in(_OPEN))
    session.execute(update(order).where(*done).values(member_name=ERASED, address=None, note=""))
    theirs = select(order.c.id).where(*done)
    session.execute(update(charge).where(charge.c.order_id.in_(theirs), charge.c.status != charges.OPEN).values(payer="", answer=""))
    left = select(func.count()).select_from(order).where(order.c.member_id == member_id, order.c.status.in_(_OPEN))
    return session.execute(left).scalar_one()


def _forget_visitors(session: Session, member_id: str) -> dict[str, str]:
    """Their browsers get new names nobody can find again, everywhere alike, so that what was decided can be made again."""
    names = {one: new_id("gone") for one in sorted(signs.find_visitors(session, [member_id]))}
    for old, new in names.items():
        touched = touches.TABLE.c
        cause = func.replace(touched.cause, old, new)
        session.execute(update(touches.TABLE).where(touched.visitor_id == old).values(visitor_id=new, cause=cause))
        blank = {"visitor_id": new, "agent": "", "address_digest": ""}
        session.execute(update(clicks.TABLE).where(clicks.TABLE.c.visitor_id == old).values(**blank))
    return names


def _forget_ids(session: Session, member_id: str) -> None:
    """What else was known of the person goes too, unless they are other members as well, whose ids these are."""
    person = identities.everyone_of(session, member_id)
    mine = identities.TABLE.c
    is_alone = person.member_ids == (member_id,)
    gone = mine.person_id == person.person_id if is_alone else (mine.kind == identities.MEMBER) & (mine.value == member_id)
    session.execute(delete(identities.TABLE).where(gone))
    if is_alone:
        merged = identities.MERGES.c
        about = or_(merged.kept == person.person_id, merged.gone == person.person_id)
        session.execute(update(identities.MERGES).where(about).values(moved="[]", why="erased"))


def _rename_in_reasons(session: Session, names: Mapping[str, str]) -> None:
    """Whoever shared a browser with them has it in their reasons as well."""
    if not names:
        return
    kept = attributions.TABLE.c
    about = or_(*(kept.line.contains(old, autoescape=True) for old in names))
    for row in session.execute(select(kept.order_id, kept.line).where(about)).all():
        line = row.line
        for old, new in names.items():
            line = line.replace(f'"{old}"', f'"{new}"')
        session.execute(update(attributions.TABLE).where(kept.order_id == row.order_id).values(line=line))
