"""Hands refunds over: asks the payment's provider, and brings its answer back as an event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from bot.event import Event
from bot.jobs import RefundWanted
from bot.payments.base import FAILED, REFUSED, Answer, MoneyBack, Provider
from bot.telling import of_money
from bot.trading import RefundAnswered
from storage import orders, payments
from storage.base import AnyRow
from storage.database import Database

log = structlog.get_logger()


class Refunding:
    """Does the jobs RefundWanted. A failure is an answer too: the rows count the tries, not the job."""

    def __init__(self, database: Database, providers: Mapping[str, Provider], now: Callable[[], datetime]) -> None:
        self.database, self.providers, self.now = database, providers, now

    async def refund(self, wanted: RefundWanted) -> Event | None:
        refund, payment, order = await asyncio.to_thread(self._look, wanted.refund_id)
        if refund.status == payments.DONE or refund.tries != wanted.attempt:
            return None
        provider = self.providers.get(payment.provider)
        if provider is None:
            answer = Answer(REFUSED, error=f"no provider {payment.provider}")
        else:
            try:
                answer = await provider.refund(MoneyBack(
                    refund_id=refund.id, order_id=payment.order_id or "", amount_fen=refund.amount_fen,
                    payment_reference=payment.reference, payment_fen=payment.amount_fen, attempt=wanted.attempt,
                ))
            except Exception as error:
                log.warning("refund failed", refund_id=refund.id, exc_info=error)
                answer = Answer(FAILED, error=f"{type(error).__name__}: {error}"[:500])
        return of_money(
            RefundAnswered, order, refund.id, f"{refund.id}:{wanted.attempt}", self.now(), refund_id=refund.id,
            attempt=wanted.attempt, outcome=answer.outcome, reference=answer.reference, error=answer.error,
        )

    def _look(self, refund_id: str) -> tuple[AnyRow, AnyRow, AnyRow | None]:
        with self.database.read() as session:
            refund = payments.get_refund(session, refund_id)
            payment = payments.get(session, refund.payment_id)
            return refund, payment, None if refund.order_id is None else orders.get(session, refund.order_id)
