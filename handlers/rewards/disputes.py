"""Disputes: a member says an order was theirs; an admin looks at the line of touches and corrects it, or does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from bot.earning import AttributionCorrected
from bot.event import Event
from bot.telling import of_order
from handlers.rewards import actions
from storage import attributions, campaigns, commissions, identities, ledger, members, orders
from storage.base import AnyRow


@dataclass(slots=True)
class Decided:
    """What became of a decision: done, or why not (settled, unknown_member, own_order); with the facts to be told."""

    outcome: str
    facts: list[Event] = field(default_factory=list)


def dismiss(session: Session, dispute_id: int, answer: str, by: str, now: datetime) -> Decided:
    """The rule's answer stands."""
    is_done = attributions.decide(session, dispute_id, attributions.DISMISSED, None, answer, by, now)
    return Decided("done" if is_done else "settled")


def correct(session: Session, dispute_id: int, referrer_id: str, answer: str, by: str, cause: str, now: datetime) -> Decided:
    """Somebody else (or, empty, nobody) brought the order: what it earned goes back, and is earned anew by who did. The
    rule's answer stays where it is, beneath the correction; the second level earns nothing by a correction."""
    dispute = attributions.get_dispute(session, dispute_id)
    kept = attributions.lock(session, dispute.order_id)
    if kept is None:
        return Decided("settled")
    if referrer_id and members.find(session, referrer_id) is None:
        return Decided("unknown_member")
    if referrer_id and identities.same_person(session, referrer_id, kept.buyer_id):
        return Decided("own_order")
    if not attributions.decide(session, dispute_id, attributions.CORRECTED, referrer_id or None, answer, by, now):
        return Decided("settled")
    order = orders.get(session, dispute.order_id)
    facts: list[Event] = [of_order(AttributionCorrected, order, cause, now, referrer_id=referrer_id, by=by)]
    if kept.accrued_at is not None:
        facts += _earn_anew(session, order, kept, cause, now)
    return Decided("done", facts)


def _earn_anew(session: Session, order: AnyRow, kept: AnyRow, cause: str, now: datetime) -> list[Event]:
    """Take back what others have of an order, and let those earn who should."""
    earners = actions.earners_of(kept, attributions.find_correction(session, order.id))
    rows = commissions.find_of_order(session, order.id)
    wrong = [row for row in rows if row.state in commissions.EARNING and row.member_id != earners.get(row.level)]
    commissions.move(session, wrong, "correct", ledger.COST, cause, now)
    commissions.set_amounts(session, [(row.id, row.base_fen, 0, commissions.REVERSED) for row in wrong], now)
    known = {(row.level, row.member_id) for row in rows}
    missing = {level: who for level, who in earners.items() if (level, who) not in known}
    terms = campaigns.get_terms(session, kept.campaign_id, kept.version)
    sale = actions.sale_of(session, order, kept, is_first=kept.is_first)
    actions.add(session, order, terms, sale, missing, cause, now)
    return actions.follow(session, order.id, cause, now)
