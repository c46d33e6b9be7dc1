"""Payouts: proposed from what is payable, approved by another admin, handed over, or given up; each step moves the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from handlers.rewards import rules
from storage import commissions, ledger, members, payouts
from storage.base import AnyRow
from storage.ids import new_id
from storage.terms import FEN

MOST_MEMBERS = 5_000  # in one batch; the rest comes with the next


def propose(session: Session, minimum_fen: int, tax_note: str, by: str, now: datetime) -> str | None:
    """Put every member's payable balance of at least so much into one batch, and out of reach of another; gives its id, or
    None where another batch waits or nobody has that much. A debt is in the balance already."""
    ready = commissions.lock_payable(session)
    payable = {member_id: fen for member_id, fen in ledger.sum_balances(session, ledger.PAYABLE).items() if fen >= max(1, minimum_fen)}
    chosen = sorted(payable, key=lambda member_id: (-payable[member_id], member_id))[:MOST_MEMBERS]
    payout_id = new_id("pyt")
    values = {"id": payout_id, "minimum_fen": minimum_fen, "tax_note": tax_note[:200], "proposed_at": now, "proposed_by": by[:60]}
    if not chosen or not payouts.insert_once(session, values):
        return None
    names = members.find_names(session, chosen)
    payouts.add_lines(session, payout_id, [
        {"member_id": one, "member_name": names.get(one, ""), "amount_fen": payable[one], "tax_note": tax_note[:200]} for one in chosen
    ])
    for member_id in chosen:
        _move(session, payout_id, member_id, payable[member_id], ledger.PAYABLE, ledger.PAYING, "propose", now)
    taken = set(chosen)
    commissions.put_into(session, payout_id, [row.id for row in ready if row.member_id in taken])
    return payout_id


def approve(session: Session, payout_id: str, by: str, count_admins: int, now: datetime) -> bool:
    """An admin lets a batch be paid; False where it is not waiting, or they proposed it and there is another admin."""
    batch = payouts.get(session, payout_id)
    if not rules.may_approve(batch.proposed_by, by, count_admins):
        return False
    return payouts.change(session, payout_id, (payouts.PROPOSED,), status=payouts.APPROVED, approved_at=now, approved_by=by[:60])


def mark_paid(session: Session, payout_id: str, by: str, now: datetime) -> bool:
    """The money of an approved batch was handed over."""
    if not payouts.change(session, payout_id, (payouts.APPROVED,), status=payouts.PAID, ended_at=now, ended_by=by[:60]):
        return False
    for line in payouts.find_lines(session, payout_id):
        ledger.move(
            session, f"paid:{payout_id}:{line.member_id}", FEN, line.amount_fen, subject=payout_id, at=now,
            taken_from=ledger.account_of(line.member_id, ledger.PAYING), put_to=ledger.PAID_OUT,
        )
    commissions.end_payout(session, payout_id, now, is_paid=True)
    return True


def cancel(session: Session, payout_id: str, by: str, now: datetime) -> bool:
    """A batch not handed over yet is given up: what was in it is payable again."""
    waiting = (payouts.PROPOSED, payouts.APPROVED)
    if not payouts.change(session, payout_id, waiting, status=payouts.CANCELLED, ended_at=now, ended_by=by[:60]):
        return False
    for line in payouts.find_lines(session, payout_id):
        _move(session, payout_id, line.member_id, line.amount_fen, ledger.PAYING, ledger.PAYABLE, "cancel", now)
    commissions.end_payout(session, payout_id, now, is_paid=False)
    return True


def _move(session: Session, payout_id: str, member_id: str, fen: int, start: str, end: str, what: str, now: datetime) -> None:
    ledger.move(
        session, f"{what}:{payout_id}:{member_id}", FEN, fen, subject=payout_id, at=now,
        taken_from=ledger.account_of(member_id, start), put_to=ledger.account_of(member_id, end),
    )


def table(lines: Sequence[AnyRow], batch: AnyRow) -> list[tuple[str, ...]]:
    """A batch as a transfer file: heading and one row a member; money as yuan with two digits."""
    rows = [(
        line.member_id, line.member_name, f"{line.amount_fen // 100}.{line.amount_fen % 100:02d}", f"{batch.id}-{number}", line.tax_note
    ) for number, line in enumerate(lines, 1)]
    return [("member_id", "name", "amount_yuan", "reference", "tax_note"), *rows]
