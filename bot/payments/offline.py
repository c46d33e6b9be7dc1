"""The default provider: money is paid and given back in person, and an operator says so."""

from __future__ import annotations

from bot.payments.base import BY_HAND, Answer, MoneyBack


class Offline:
    """Nobody to call: a refund waits for the operator who hands it over."""

    def __init__(self, name: str = "offline") -> None:
        self.name = name

    async def refund(self, wanted: MoneyBack) -> Answer:
        return Answer(BY_HAND)
