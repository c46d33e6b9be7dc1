"""The daily bill: what WeChat Pay says it took and gave back, compared with our rows; what differs is kept for an operator."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.orm import Session

from bot.event import Event
from bot.payments.cashier import Cashier
from bot.payments.wechat import Forged
from storage import bills, payments

log = structlog.get_logger()
BEIJING = ZoneInfo("Asia/Shanghai")  # bills are of days there, wherever the shop is
READY_AT = time(10, 30)  # a day's bill is ready the next morning at ten
DAYS = 7  # bills further back are not fetched any more
SUMS = "总交易单数"
TIME, STATE, REFERENCE, NUMBER = "交易时间", "交易状态", "微信订单号", "商户订单号"
PAID, REFUND_NUMBER, GIVEN_BACK, FEE = "订单金额", "商户退款单号", "申请退款金额", "手续费"


class Unreadable(Exception):
    """A bill that is not written as bills are."""


@dataclass(slots=True)
class Read:
    """A bill's rows: payments and refunds as (reference, our number, fen, time), and fees in fen."""

    payments: list[tuple[str, str, int, datetime]] = field(default_factory=list)
    refunds: list[tuple[str, str, int, datetime]] = field(default_factory=list)
    fees_fen: int = 0

    def sums(self) -> dict[str, int]:
        return {
            "payments": len(self.payments), "paid_fen": sum(one[2] for one in self.payments),
            "refunds": len(self.refunds), "refunded_fen": sum(one[2] for one in self.refunds), "fees_fen": self.fees_fen,
        }


def read_bill(data: bytes) -> Read:
    """Read a trade bill («ALL») as CSV. Raises Unreadable."""
    read, fees = Read(), Decimal(0)
    rows = csv.reader(io.StringIO(data.decode("utf-8-sig", errors="replace")))
    head = [one.strip() for one in next(rows, [])]
    if not head:
        return read
    count = 0
    for row in rows:
        if row and row[0].strip() == SUMS:
            total = next(rows, ["`0"])[0].strip().lstrip("`")
            if total != str(count):
                raise Unreadable(f"{count} rows where the bill says {total[:20]}")
            read.fees_fen = int((fees * 100).to_integral_value())
            return read
        one = {name: value.strip().lstrip("`") for name, value in zip(head, row, strict=False)}
        try:
            count += 1
            fees += Decimal(one[FEE] or "0")
            at = datetime.fromisoformat(one[TIME]).replace(tzinfo=BEIJING).astimezone(UTC)
            if one[STATE] == "SUCCESS":
                read.payments.append((one[REFERENCE], one[NUMBER], _fen(one[PAID]), at))
            elif one[STATE] == "REFUND":
                read.refunds.append((one[REFUND_NUMBER], one[NUMBER], _fen(one[GIVEN_BACK]), at))
        except (KeyError, ValueError, InvalidOperation) as fault:
            raise Unreadable(f"row {count}: {type(fault).__name__} {fault}"[:200]) from fault
    raise Unreadable("the bill has no end")


def _fen(yuan: str) -> int:
    fen = Decimal(yuan) * 100
    if fen != fen.to_integral_value():
        raise ValueError(yuan)
    return int(fen)


def compare(session: Session, provider: str, day: date, read: Read) -> list[dict[str, Any]]:
    """What differs between a bill and our rows."""
    since = datetime.combine(day, time(), BEIJING).astimezone(UTC)
    ours = {row.reference: row for row in bills.find_ours(session, provider, since, since + timedelta(days=1))}
    named = bills.find_named(session, provider, [one[0] for one in read.payments])
    found = []
    for reference, number, fen, _ in read.payments:
        row = named.get(reference)
        if row is None:
            found.append(_difference(bills.UNKNOWN_PAYMENT, reference, number, 0, fen))
        elif row.amount_fen != fen:
            found.append(_difference(bills.OTHER_AMOUNT, reference, number, row.amount_fen, fen))
    theirs = {one[0] for one in read.payments}
    for reference in sorted(set(ours) - theirs):
        found.append(_difference(bills.MISSING_PAYMENT, reference, ours[reference].claimed_for, ours[reference].amount_fen, 0))
    given = bills.find_refunds_named(session, [one[0] for one in read.refunds])
    for refund_id, number, fen, _ in read.refunds:
        refund = given.get(refund_id)
        if refund is None:
            found.append(_difference(bills.UNKNOWN_REFUND, refund_id, number, 0, fen))
        elif refund.amount_fen != fen or refund.status == payments.BY_HAND:
            found.append(_difference(bills.OTHER_REFUND, refund_id, number, refund.amount_fen, fen))
    return found


def _difference(kind: str, reference: str, number: str, ours_fen: int, theirs_fen: int) -> dict[str, Any]:
    return {"kind": kind, "reference": reference[:120], "charge_id": number[:120], "ours_fen": ours_fen, "theirs_fen": theirs_fen}


class Billing:
    """Fetches each day's bill once it is ready, and again within a week while that fails."""

    def __init__(self, cashier: Cashier) -> None:
        self.cashier, self.database, self.now = cashier, cashier.database, cashier.now

    async def go(self) -> int:
        """Compare the days that are ready and not compared yet; gives how many were."""
        here = self.now().astimezone(BEIJING)
        last = here.date() - timedelta(days=1 if here.time() >= READY_AT else 2)
        days = [last - timedelta(days=back) for back in range(DAYS)]
        with self.database.read() as session:
            known = bills.find_days(session, self.cashier.name, days[-1])
        due = [day for day in reversed(days) if day not in known or known[day].error]
        for day in due:
            await self.check(day)
        return len(due)

    async def check(self, day: date) -> None:
        """Compare one day. Money we missed is taken in now, and stays on the list as settled by the bill."""
        try:
            read = read_bill(await self.cashier.run(self.cashier.pay.bill, day))
        except Exception as trouble:
            log.warning("bill not compared", day=day.isoformat(), exc_info=trouble)
            with self.database.write() as session:
                bills.keep(session, self.cashier.name, day, {}, self.now(), f"{type(trouble).__name__}: {trouble}")
            return
        with self.database.write() as session:
            bills.keep(session, self.cashier.name, day, read.sums(), self.now())
            found = compare(session, self.cashier.name, day, read)
            bills.keep_differences(session, self.cashier.name, day, found, self.now())
        missed = {one["reference"] for one in found if one["kind"] == bills.UNKNOWN_PAYMENT}
        await self._take_in([one for one in read.payments if one[0] in missed])

    async def _take_in(self, missed: Sequence[tuple[str, str, int, datetime]]) -> None:
        for reference, number, fen, at in missed:
            event = self._event(reference, number, fen, at)
            if event is not None:
                await self.cashier.dispatcher.receive(event)
        if not missed:
            return
        with self.database.write() as session:
            known = bills.find_named(session, self.cashier.name, [one[0] for one in missed])
            for row in bills.find_differences(session, limit=1_000):
                if row.kind == bills.UNKNOWN_PAYMENT and row.reference in known:
                    bills.settle(session, row.id, "bill", "taken in from the bill", self.now())

    def _event(self, reference: str, number: str, fen: int, at: datetime) -> Event | None:
        told = {"transaction_id": reference, "out_trade_no": number, "amount": {"total": fen}, "success_time": at.isoformat()}
        try:
            return self.cashier.payment_event(told)
        except Forged as forged:
            log.error("money on the bill cannot be taken in", reference=reference, trouble=str(forged))
            return None
