"""Holds the commissions of doubtful orders with the rule and its evidence, and does what an admin decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from handlers.vigilance import rules
from handlers.vigilance.casework import case_of
from handlers.vigilance.rules import Doubt
from storage import attributions, casework, commissions, suspicions
from storage.terms import FEN, REFERRER


def referrer_of(session: Session, order_id: str) -> str | None:
    """Who is credited with an order: as an admin corrected it, or as the rule said."""
    for row in commissions.find_of_order(session, order_id):
        if row.level == REFERRER:
            return str(row.member_id)
    kept = attributions.find(session, order_id)
    return None if kept is None or kept.referrer_id is None else str(kept.referrer_id)


def look(session: Session, referrer_id: str, now: datetime) -> list[int]:
    """Look at a referrer's recent orders; hold what is doubtful. Gives the ids of the suspicions that are new or grew."""
    touched = [note(session, referrer_id, doubt, now) for doubt in rules.judge(case_of(session, referrer_id, now))]
    return [one for one in touched if one]


def note(session: Session, referrer_id: str, doubt: Doubt, now: datetime) -> int:
    """Keep one doubt and hold its commissions; 0 where nothing is new. What an admin cleared stays cleared, and orders
    that were confirmed once are not doubted again."""
    last = suspicions.find_last(session, referrer_id, doubt.rule, doubt.mark)
    if last is not None and last.state == suspicions.CLEARED:
        return 0
    known = suspicions.find_known(session, referrer_id, doubt.rule, doubt.mark)
    fresh = [order_id for order_id in doubt.order_ids if order_id not in known]
    is_open = last is not None and last.state == suspicions.OPEN
    if not fresh and not is_open:
        return 0
    evidence = {**doubt.evidence, "rule": doubt.rule}
    suspicion_id, is_new = suspicions.open_once(session, referrer_id, doubt.rule, doubt.mark, evidence, now)
    held = hold(session, [one for one in doubt.order_ids if one in fresh or is_open], doubt.rule, {**evidence, "suspicion": suspicion_id}, now)
    suspicions.add_orders(session, suspicion_id, {one: held.get(one, 0) for one in fresh}, now)
    return suspicion_id if is_new or fresh or held else 0


def hold(session: Session, order_ids: Sequence[str], rule: str, evidence: dict[str, object], now: datetime) -> dict[str, int]:
    """Hold what these orders earn and has not been paid; gives the fen held by order."""
    rows = casework.find_holdable(session, order_ids)
    found: dict[str, int] = {}
    for commission_id in commissions.hold(session, sorted(rows), rule, evidence, now) if rows else ():
        row = rows[commission_id]
        found[row.order_id] = found.get(row.order_id, 0) + (row.amount if row.unit == FEN else 0)
    return found


def clear(session: Session, suspicion_id: int, by: str, words: str, now: datetime) -> bool:
    """It was nothing: what was held for it is free again, unless another suspicion holds the order."""
    if not suspicions.decide(session, suspicion_id, suspicions.CLEARED, by, words, now):
        return False
    mine = [row.order_id for row in suspicions.find_orders(session, suspicion_id)]
    doubted = suspicions.find_doubted(session, mine, without=suspicion_id)
    commissions.release(session, _ids(session, [one for one in mine if one not in doubted], (commissions.HELD,)), now)
    return True


def confirm(session: Session, suspicion_id: int, by: str, words: str, now: datetime) -> bool:
    """It was cheating: these orders earn nothing, and what was paid for them already becomes a debt."""
    if not suspicions.decide(session, suspicion_id, suspicions.CONFIRMED, by, words, now):
        return False
    row = suspicions.get(session, suspicion_id)
    mine = [one.order_id for one in suspicions.find_orders(session, suspicion_id)]
    commissions.reject(session, _ids(session, mine, commissions.EARNING), row.rule, now)
    return True


def _ids(session: Session, order_ids: Sequence[str], states: Sequence[str]) -> list[int]:
    rows = [row for order_id in order_ids for row in commissions.find_of_order(session, order_id)]
    return [row.id for row in rows if row.state in states and (row.state != commissions.HELD or row.held_why in rules.RULES)]
