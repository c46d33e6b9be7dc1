"""Decides who brought an order, when it is placed, and keeps what the answer was made from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import orjson
from sqlalchemy.orm import Session

from bot.earning import OrderAttributed
from bot.event import Event
from bot.telling import of_order
from handlers.rewards import rules
from handlers.rewards.rules import Answer
from storage import attributions, campaigns, identities, orders, products, replaying
from storage.terms import PRODUCT, UPPER, Terms

NOBODY = Answer(rules.NO_TOUCH, None, ())


def attribute_order(session: Session, order_id: str, cause: str, now: datetime) -> list[Event]:
    """Decide who brought an order, once, by the terms in force when it was placed; nothing where no campaign runs."""
    if not campaigns.has_any(session):
        return []
    order = orders.get(session, order_id)
    in_force = campaigns.find_in_force(session, order.placed_at)
    if not in_force:
        return []
    skus: list[str] = []
    if any(_names_products(terms) for terms in in_force):
        skus = [line.sku_id for line in orders.find_lines(session, [order_id])[order_id]]
    known = products.find_sku_owners(session, skus) if skus else {}
    candidates = rules.in_order(in_force, order.drop_id, skus, known)
    if not candidates:
        return []
    person = identities.everyone_of(session, order.member_id)
    own = tuple(sorted({order.member_id, *person.member_ids}))
    seen_to = replaying.find_last_touch(session)
    seen = _touches(session, own, person.visitor_ids, order.placed_at, seen_to)
    terms, answer = choose(candidates, seen, own, order.placed_at)
    upper, upper_keys = _upper(session, terms, answer, own, order.placed_at, seen_to)
    is_new = attributions.insert_once(session, {
        "order_id": order_id, "buyer_id": order.member_id, "referrer_id": answer.touch and answer.touch.referrer_id,
        "upper_id": upper.touch and upper.touch.referrer_id, "touch_id": answer.touch and answer.touch.id,
        "campaign_id": terms.campaign_id, "version": terms.version, "reason": answer.reason,
        "line": write_line(own, person.visitor_ids, answer, upper_keys, upper, known), "seen_to": seen_to, "decided_at": now, "accrued_at": None,
    })
    if not is_new:
        return []
    referrer = "" if answer.touch is None else answer.touch.referrer_id
    return [of_order(
        OrderAttributed, order, cause, now, referrer_id=referrer, campaign_id=terms.campaign_id, reason=answer.reason
    )]


def choose(
    candidates: Sequence[Terms], seen: Sequence[rules.Touch], own: Sequence[str], placed_at: datetime
) -> tuple[Terms, Answer]:
    """The first campaign by which somebody brought the order; else the first, with why nobody did."""
    answers = []
    for terms in candidates:
        answers.append((terms, rules.attribute(terms, seen, own, placed_at)))
        if answers[-1][1].touch is not None:
            return answers[-1]
    return answers[0]


def _upper(
    session: Session, terms: Terms, answer: Answer, own: Sequence[str], placed_at: datetime, seen_to: int
) -> tuple[Answer, tuple[Sequence[str], Sequence[str]]]:
    """Who brought the referrer, by the same rule, where the shop switched the second level on; never the buyer."""
    if answer.touch is None or terms.top_level < UPPER:
        return NOBODY, ((), ())
    person = identities.everyone_of(session, answer.touch.referrer_id)
    theirs = tuple(sorted({answer.touch.referrer_id, *person.member_ids}))
    seen = _touches(session, theirs, person.visitor_ids, placed_at, seen_to)
    return rules.attribute(terms, seen, {*theirs, *own}, placed_at), (theirs, person.visitor_ids)


def _touches(
    session: Session, member_ids: Sequence[str], visitor_ids: Sequence[str], placed_at: datetime, seen_to: int
) -> list[replaying.Seen]:
    """What touched them within a year before and was kept by then, oldest first."""
    since = placed_at - rules.LOOK_BACK
    found = replaying.find_touches(session, member_ids, visitor_ids)
    return [touch for touch in found if touch.id <= seen_to and since <= touch.at <= placed_at]


def write_line(
    own: Sequence[str], visitors: Sequence[str], answer: Answer, upper_keys: tuple[Sequence[str], Sequence[str]],
    upper: Answer, known: dict[str, str],
) -> str:
    """What the answer was made from, so that it can be made again: who the buyer (and the referrer) was known to be, the
    verdict on each touch, and whose product a SKU was."""
    return orjson.dumps({
        "members": own, "visitors": visitors, "touches": answer.line, "upper_members": upper_keys[0],
        "upper_visitors": upper_keys[1], "upper_touches": upper.line, "products": known,
    }).decode()


def _names_products(terms: Terms) -> bool:
    return any(one.scope == PRODUCT for one in terms.rewards)
