"""Decides of each saying that is due whether it is said now, later, by an operator's leave, or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.budgets import Ledger, limits_of
from bot.channels.base import Allowance, Channel
from bot.outbox import ANSWER, NOTICE, POST
from storage import accounts, outbox, places, revisions, sending
from storage.accounts import AccountSettings
from storage.outbox import Saying
from storage.places import Place

# An answer later than this would puzzle the group more than silence; news and posts are worth saying longer.
LATE = {ANSWER: timedelta(minutes=15), NOTICE: timedelta(hours=1), POST: timedelta(hours=12)}
TOO_LATE = {ANSWER: "too late for an answer", NOTICE: "too late for a notice", POST: "too late for a post"}
SOON = timedelta(seconds=60)  # an answer may wait this long for its budget; then an operator decides
PACED_AT_ONCE = 4  # rows of an account that takes its time: what is urgent need not wait long behind them
NO_ACCOUNT = AccountSettings(False, {})


@dataclass(slots=True)
class Round:
    """One look at what is due: what was chosen, what is on its way, and which conversations were held back."""

    now: datetime
    chosen: list[Saying] = field(default_factory=list)
    by_account: Counter[str] = field(default_factory=Counter)
    ahead: Counter[str] = field(default_factory=Counter)
    ahead_in_group: Counter[str] = field(default_factory=Counter)
    held_back: dict[str, tuple[int, datetime, str]] = field(default_factory=dict)


class Verdicts:
    """Knows accounts and groups from memory, read anew only after somebody changed one."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels
        self._accounts: dict[str, AccountSettings] = {}
        self._limits: dict[str, tuple[Allowance, ...]] = {}
        self._places: dict[str, Place] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._seen: tuple[int, int] | None = None

    def choose(self, session: Session, rows: Sequence[Saying], now: datetime) -> list[Saying]:
        """Which of these to say now, the urgent ones first; the others get what was decided."""
        if not rows:
            return []
        self._refresh(session, rows)
        this = Round(now)
        budgeted = {row.account_id for row in rows if self._limits.get(row.account_id)}
        if budgeted:
            for (account_id, group_id), count in sending.count_leased(session, budgeted).items():
                this.ahead[account_id] += count
                this.ahead_in_group[group_id or ""] += count
            for account_id in budgeted:
                self._count(session, account_id, now)
        for row in sorted(rows, key=lambda row: (row.priority, row.id)):
            # Of an account that is not connected here it stays where it is, until an operator moves the group.
            if row.account_id in self._channels and not self._is_full(row, this):
                self._judge(session, row, this)
        return this.chosen

    def _refresh(self, session: Session, rows: Iterable[Saying]) -> None:
        numbers = revisions.find_all(session)
        seen = (numbers.get(revisions.ACCOUNTS, 0), numbers.get(revisions.GROUPS, 0))
        if self._seen is None or self._seen[0] != seen[0]:
            self._accounts = accounts.find_settings(session)
            self._limits = {
                account_id: limits_of(
                    channel.capabilities.allowances, self._accounts.get(account_id, NO_ACCOUNT).budgets
                )
                for account_id, channel in self._channels.items()
            }
        if self._seen is None or self._seen[1] != seen[1]:
            self._places = {}
        self._seen = seen
        unknown = {row.group_id for row in rows if row.group_id is not None} - self._places.keys()
        if unknown:
            self._places |= places.find(session, unknown)
        for row in rows:
            place = self._places.get(row.group_id or "")
            # The group was moved to another account after this was written.
            if place is not None and row.account_id != place.account_id:
                row.account_id = place.account_id

    def _count(self, session: Session, account_id: str, now: datetime) -> None:
        """What the account said up to now, by whichever process."""
        longest = now - timedelta(seconds=max(limit.seconds for limit in self._limits[account_id]))
        ledger = self._ledgers.get(account_id)
        if ledger is None:
            ledger = self._ledgers[account_id] = Ledger()
            last_no = sending.count_last_no(session)
            rows = sending.find_said_since(session, account_id, longest)
            ledger.last_no = last_no
        else:
            rows = list(sending.find_said_after(session, account_id, ledger.last_no))
        ledger.add(((row.sent_no, row.group_id, row.sent_at) for row in rows), now)
        ledger.forget(longest)

    def _is_full(self, row: Saying, this: Round) -> bool:
        is_paced = self._channels[row.account_id].capabilities.pace is not None
        return is_paced and this.by_account[row.account_id] >= PACED_AT_ONCE

    def _judge(self, session: Session, row: Saying, this: Round) -> None:
        why_never = self._why_never(row, this.now)
        if why_never is not None:
            outbox.mark(session, row.id, state=outbox.SUPPRESSED, reason=why_never)
            return
        after, until, reason = this.held_back.get(row.conversation, (row.id, this.now, ""))
        if after < row.id:
            self._wait(session, row, until, reason, this)
            return
        paused = self._why_paused(row)
        if paused is not None:
            self._pause(session, row, paused, this)
            return
        if not self._has_room(session, row, this):
            return
        this.chosen.append(row)
        this.by_account[row.account_id] += 1
        this.ahead[row.account_id] += 1
        this.ahead_in_group[row.group_id or ""] += 1

    def _why_never(self, row: Saying, now: datetime) -> str | None:
        """Why something due should not be said after all."""
        if row.group_id is not None:
            place = self._places.get(row.group_id)
            if place is None or place.is_closed:
                return "group is closed"
        if _is_ours(row):
            return None
        kind = _kind(row.priority)
        planned_at = row.planned_at or row.due_at
        if now - planned_at <= LATE[kind]:
            return None
        return TOO_LATE[kind] + (f"; {row.reason}" if row.planned_at and row.reason else "")

    def _why_paused(self, row: Saying) -> str | None:
        if self._accounts.get(row.account_id, NO_ACCOUNT).is_paused:
            return "account is paused"
        place = self._places.get(row.group_id or "")
        if place is not None and place.is_paused and not _is_ours(row):
            return "group is paused"
        return None

    def _pause(self, session: Session, row: Saying, reason: str, this: Round) -> None:
        if _kind(row.priority) == ANSWER:
            outbox.mark(session, row.id, state=outbox.HELD, reason=reason)
        else:
            self._wait(session, row, this.now + LATE[POST], reason, this)

    def _has_room(self, session: Session, row: Saying, this: Round) -> bool:
        """Is there something left of every budget? Else it waits; an answer that would wait long is an operator's."""
        limits = self._limits.get(row.account_id)
        if not limits or _is_ours(row):
            return True
        room = self._ledgers[row.account_id].find_room(
            limits, row.group_id, this.now, this.ahead[row.account_id], this.ahead_in_group[row.group_id or ""]
        )
        if room.free_at is None or room.used_up is None:
            return True
        reason = f"budget: {room.used_up.whose} {room.used_up.count} in {room.used_up.seconds} s"
        if _kind(row.priority) == ANSWER and room.free_at - this.now > SOON:
            outbox.mark(session, row.id, state=outbox.HELD, reason=reason)
        else:
            self._wait(session, row, room.free_at, reason, this)
        return False

    def _wait(self, session: Session, row: Saying, until: datetime, reason: str, this: Round) -> None:
        """Later; but when it would be too late, it is looked at again at that moment. What follows in the conversation
        waits too."""
        last = (row.planned_at or row.due_at) + LATE[_kind(row.priority)] + timedelta(seconds=1)
        sending.put_off(session, row, min(until, max(last, this.now + timedelta(seconds=1))), reason)
        this.held_back.setdefault(row.conversation, (row.id, until, reason))


def _is_ours(row: Saying) -> bool:
    """Said or confirmed by an operator: a person decided, so neither lateness nor budget is in the way."""
    return row.operator_id is not None or row.confirmed_at is not None


def _kind(priority: int) -> int:
    return ANSWER if priority < NOTICE else NOTICE if priority < POST else POST

