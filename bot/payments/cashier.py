"""The till for WeChat Pay: asks for an order's money, hears that it came, looks where nobody told us, and gives it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.dispatch import Dispatcher
from bot.event import Event
from bot.payments import wechat
from bot.payments.base import DONE, FAILED, PENDING, REFUSED, Answer, MoneyBack
from bot.payments.offline import owed_fen
from bot.payments.wechat import Forged, Trouble, WechatPay
from bot.telling import lane_of, of_money, of_order
from bot.trading import PaymentReceived, RefundAnswered
from storage import charges, orders, payments, stock
from storage.base import AnyRow, RowMissing
from storage.database import Database
from storage.ids import new_id

log = structlog.get_logger()
LONGEST_OPEN = timedelta(minutes=110)  # WeChat Pay keeps what the member needs to pay for two hours
SHORTEST_OPEN = timedelta(minutes=2)  # it takes nothing that ends within a minute
FRESH = {wechat.H5: timedelta(minutes=4), wechat.JSAPI: LONGEST_OPEN, wechat.NATIVE: LONGEST_OPEN}  # an h5 address lives 5 minutes
LOOKS = (15, 15, 30, 60, 120, 300, 600)  # seconds between looks at a charge nobody told us of
PAID_STATES, ENDED_STATES = ("SUCCESS", "REFUND"), ("CLOSED", "REVOKED", "PAYERROR")
TRY_AGAIN = ("SYSTEM_ERROR", "SYSTEMERROR", "FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED", "NOT_ENOUGH")
REFUND_STATES = {"SUCCESS": DONE, "PROCESSING": PENDING, "CLOSED": REFUSED, "ABNORMAL": REFUSED}


class NothingToPay(Exception):
    """The order is paid, ended or costs nothing, or its places are held too shortly to pay for."""


@dataclass(frozen=True, slots=True)
class Prepaid:
    """What a member's phone needs to pay: `url` to open (h5) or to show as a QR code (native), or `call` for the bridge
    in WeChat (jsapi)."""

    charge_id: str
    way: str
    amount_fen: int
    expires_at: datetime
    url: str = ""
    call: dict[str, str] = field(default_factory=dict)


class Cashier:
    """The provider «wechat». What is slow runs in its own threads; what came in is an event on the order's lane."""

    name = wechat.NAME

    def __init__(self, database: Database, dispatcher: Dispatcher, pay: WechatPay, now: Callable[[], datetime]) -> None:
        self.database, self.dispatcher, self.pay, self.now = database, dispatcher, pay, now
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="wechat-pay")

    def close(self) -> None:
        """Wait for the calls under way."""
        self._threads.shutdown()

    async def run(self, work: Callable[..., Any], *values: Any) -> Any:
        """Do something slow in our threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *values))

    def prepay(self, order_id: str, way: str, payer: str = "", address: str = "") -> Prepaid:
        """Ask WeChat Pay for what an order owes now; the same order and way again is the same charge. `payer`: the
        member's openid (jsapi); `address`: their IP (h5). Raises NothingToPay, Trouble, ValueError for an unknown way."""
        if way not in wechat.WAYS or (way == wechat.JSAPI and not 0 < len(payer) <= 128):
            raise ValueError(way)
        now = self.now()
        with self.database.write() as session:
            order = orders.find(session, order_id)
            amount = 0 if order is None else owed_fen(session, order)
            until = min(stock.find_expiry(session, order_id) or now + LONGEST_OPEN, now + LONGEST_OPEN)
            if order is None or not amount or until < now + SHORTEST_OPEN:
                raise NothingToPay(order_id)
            charge = charges.insert_once(session, {
                "id": new_id("chg"), "order_id": order_id, "provider": self.name, "way": way,
                "payer": payer if way == wechat.JSAPI else "", "amount_fen": amount, "created_at": now,
                "look_at": now + timedelta(seconds=LOOKS[0]), "expires_at": until,
            })
            names = "、".join(line.name for line in orders.find_lines(session, [order_id])[order_id])
        answer = charge.answer
        if not answer or now - charge.answered_at > FRESH[way]:
            answer = self.pay.prepay(charge.id, way, charge.amount_fen, names or order_id, charge.expires_at, payer, address)
            with self.database.write() as session:
                charges.change_open(session, charge.id, answer=answer, answered_at=now)
        call = self.pay.to_call(answer) if way == wechat.JSAPI else {}
        return Prepaid(charge.id, way, charge.amount_fen, charge.expires_at, "" if call else answer, call)

    async def take(self, headers: Mapping[str, str], body: bytes) -> None:
        """Take a notification; returns once what it says is kept. Raises Forged; anything else: tell us again."""
        event = await self.run(self._event_of_notice, headers, body)
        if event is not None:
            await self.dispatcher.receive(event)

    def _event_of_notice(self, headers: Mapping[str, str], body: bytes) -> Event | None:
        notice = self.pay.read_notice(headers, body)
        kind, told = str(notice.get("event_type", "")), notice["resource"]
        if kind.startswith("REFUND."):
            return self._refund_event(told)
        if kind != "TRANSACTION.SUCCESS" or told.get("trade_state") != "SUCCESS":
            log.info("notification without effect", event_type=kind[:40])
            return None
        return self.payment_event(told)

    def payment_event(self, told: Mapping[str, Any]) -> Event:
        """Money WeChat Pay tells of, for whatever order, in whatever state. Raises Forged when it is another sum than we
        asked for, or not written as WeChat Pay writes."""
        amount = told.get("amount") or {}
        number, reference, fen = str(told.get("out_trade_no", "")), str(told.get("transaction_id", "")), amount.get("total")
        if type(fen) is not int or fen <= 0 or amount.get("currency", "CNY") != "CNY" or not 0 < len(reference) <= 32:
            raise Forged("odd amount or reference")
        with self.database.read() as session:
            charge = charges.find(session, number)
            order = None if charge is None else orders.get(session, charge.order_id)
        if charge is not None and charge.amount_fen != fen:
            raise Forged(f"{number}: {fen} fen where {charge.amount_fen} were asked")
        more: dict[str, Any] = {
            "provider": self.name, "reference": reference, "amount_fen": fen, "charge_id": number if charge is not None else "",
            "paid_at": str(told.get("success_time") or "")[:40],
        }
        if order is not None:
            return of_order(PaymentReceived, order, reference, self.now(), **more)
        lane = lane_of(number[:60])
        return PaymentReceived(
            key=f"PaymentReceived:{self.name}:{reference}", lane=lane, occurred_at=self.now(), channel="", conversation=lane,
            order_id=number[:60], **more,
        )

    def _refund_event(self, told: Mapping[str, Any]) -> Event | None:
        refund_id, state = str(told.get("out_refund_no", "")), str(told.get("refund_status", ""))
        with self.database.read() as session:
            try:
                refund = payments.get_refund(session, refund_id)
            except RowMissing:
                log.warning("notice of a refund that is not ours", refund_id=refund_id[:40])
                return None
            order = None if refund.order_id is None else orders.get(session, refund.order_id)
        if (told.get("amount") or {}).get("refund") != refund.amount_fen:
            raise Forged(f"{refund_id}: another sum than we gave back")
        outcome = REFUND_STATES.get(state, "")
        if outcome in ("", PENDING):
            return None
        reference = str(told.get("refund_id", ""))[:64]
        return of_money(
            RefundAnswered, order, refund_id, f"{refund_id}:{refund.tries}:{state}", self.now(), refund_id=refund_id,
            attempt=refund.tries, outcome=outcome, reference=reference, error="" if outcome == DONE else state,
        )

    async def refund(self, wanted: MoneyBack) -> Answer:
        """Give money back, or look how far an earlier try has come."""
        try:
            told = await self.run(self._refund, wanted)
        except Trouble as trouble:
            is_passing = trouble.status in (0, 429) or trouble.status >= 500 or trouble.code in TRY_AGAIN
            return Answer(FAILED if is_passing else REFUSED, error=str(trouble))
        state = str(told.get("status", ""))
        return Answer(REFUND_STATES.get(state, PENDING), str(told.get("refund_id", ""))[:64], "" if state == "SUCCESS" else state[:60])

    def _refund(self, wanted: MoneyBack) -> dict[str, Any]:
        known = self.pay.find_refund(wanted.refund_id) if wanted.attempt else None
        return known or self.pay.refund(wanted.refund_id, wanted.payment_reference, wanted.amount_fen, wanted.payment_fen)

    async def look(self) -> int:
        """Ask how charges stand that nobody told us of, and close those that may not be paid any more; gives how many
        were looked at."""
        with self.database.read() as session:
            rows = charges.find_to_look(session, self.now())
        for event in await asyncio.gather(*(self.run(self._look, row) for row in rows)):
            if event is not None:
                await self.dispatcher.receive(event)
        return len(rows)

    def _look(self, row: AnyRow) -> Event | None:
        now = self.now()
        with self.database.write() as session:
            if not charges.claim_look(session, row, now + timedelta(seconds=LOOKS[min(row.looks + 1, len(LOOKS) - 1)])):
                return None
            order = orders.get(session, row.order_id)
            is_over = now >= row.expires_at or owed_fen(session, order) != row.amount_fen
        try:
            told = self.pay.query(row.id)
            state = "" if told is None else str(told.get("trade_state", ""))
            if told is not None and state in PAID_STATES:
                return self.payment_event(told)
            if is_over and state not in ("", *ENDED_STATES):
                self.pay.close(row.id)
        except (Trouble, Forged) as trouble:
            log.warning("charge not settled", charge_id=row.id, trouble=str(trouble))
            self._keep(row.id, error=str(trouble)[:300])
            return None
        if is_over or state in ENDED_STATES:
            self._keep(row.id, status=charges.CLOSED, ended_at=now, error="")
        return None

    def _keep(self, charge_id: str, **values: Any) -> None:
        with self.database.write() as session:
            charges.change_open(session, charge_id, **values)
