"""What a payment provider is: a name, and a way to give money back that may be asked again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

DONE, BY_HAND, PENDING, FAILED, REFUSED = "done", "by_hand", "pending", "failed", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyBack:
    """A refund as a provider needs it. `refund_id` is ours and the same at every try: the provider pays it once."""

    refund_id: str
    order_id: str
    amount_fen: int
    payment_reference: str
    payment_fen: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of it. done: the member has it; by_hand: an operator hands it over and says so; pending: under way, ask
    again later; failed: try again; refused: never, an operator must look."""

    outcome: str
    reference: str = ""
    error: str = ""


class Provider(Protocol):
    """A way to be paid. Payments come in as the event PaymentReceived with this name and the provider's own reference."""

    @property
    def name(self) -> str: ...

    async def refund(self, wanted: MoneyBack) -> Answer:
        """Give money back, or tell how far an earlier try has come. Raises only what a later try may mend."""
        ...
