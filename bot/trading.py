"""What happens to drops, teams, orders and money, as frozen facts.

`…Due` comes from the clock, `…Asked` from a person (talk, page, roster, desk); the rest are facts that features tell each
other. All of a drop run on the lane `drop:<drop_id>`; their conversation is the group's where they are to be said there.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFact(Event):
    """Something happened to a drop, or is due."""

    drop_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropOpeningDue(DropFact):
    """A scheduled drop's time has come; also an operator's «open now»."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropClosingDue(DropFact):
    """An open drop's time is over; also an operator's «close now» (`is_early`)."""

    is_early: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropReminderDue(DropFact):
    """The last hour of a drop, or some seats are missing: said once in each of its groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropProgressDue(DropFact):
    """Members joined lately: one summary in the group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldsDue(DropFact):
    """Places of a drop were not paid in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamExpiryDue(DropFact):
    """A team's time is over."""

    team_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileDue(DropFact):
    """A drop is to be proved anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropCancelAsked(Event):
    """An operator calls a drop off; everybody gets their money back. The text is the reason."""

    drop_id: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropJoinAsked(Event):
    """A member claims places: `skus` and `quantities` belong together. mode: add, set (0 takes back). `team` is a team's
    code, «new», or empty for any. `source`: page, talk, roster, desk. Its outcome is done (the reason is the order's id) or
    refused (the reason is the Refusal's name). Said answers go to the conversation when `is_said`."""

    drop_id: str = ""
    skus: tuple[str, ...] = ()
    quantities: tuple[int, ...] = ()
    mode: str = "add"
    team: str = ""
    if_late: str = "refund"
    source: str = "page"
    pickup_point: str = ""
    address: str | None = None
    note: str = ""
    is_said: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpAsked(Event):
    """A member helps another's bargain down by the next published cut."""

    order_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelAsked(Event):
    """A member (`by` is «member», and theirs it must be) or an operator gives an order up."""

    order_id: str = ""
    drop_id: str = ""
    by: str = "member"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReceived(Event):
    """Money came in at a provider, or an operator says so. The same reference is one payment however often it is told."""

    order_id: str = ""
    drop_id: str = ""
    provider: str = "offline"
    reference: str = ""
    amount_fen: int = 0
    paid_at: str = ""
    by: str = "provider"
    charge_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAsked(Event):
    """An operator gives money back: all that is kept (`amount_fen` 0), or a part. The text is the reason."""

    order_id: str = ""
    amount_fen: int = 0
    sku_id: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswered(Event):
    """What a provider made of a refund. outcome: done, by_hand (an operator hands it over), pending, failed, refused."""

    order_id: str = ""
    drop_id: str = ""
    refund_id: str = ""
    attempt: int = 0
    outcome: str = ""
    reference: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundHandedOver(Event):
    """An operator gave the money back by hand."""

    refund_id: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRetryAsked(Event):
    """A refund stuck or given up is to be tried again."""

    refund_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMarkAsked(Event):
    """An operator marks orders shipped, arrived or received, or takes a receipt back (unreceived)."""

    order_ids: tuple[str, ...] = ()
    mark: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropOpened(DropFact):
    """A drop is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropClosed(DropFact):
    """A drop took its last order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropCancelled(DropFact):
    """A drop was called off or missed its goal (the text says why)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalReached(DropFact):
    """A group drop reached its goal, or a tier price its next tier (`heads`)."""

    heads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamFact(DropFact):
    """Something happened to a team."""

    team_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatTaken(TeamFact):
    """A member has a place in a team."""

    order_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamFormed(TeamFact):
    """Every seat of a team counts: its orders are confirmed."""

    order_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamExpired(TeamFact):
    """A team did not come about; its orders are ended and what was paid is owed back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact(Event):
    """Something happened to an order of the member."""

    order_id: str = ""
    drop_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(OrderFact):
    """An order is there and holds its places."""

    total_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged(OrderFact):
    """An order has other lines or another price."""

    total_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaid(OrderFact):
    """An order is paid up: `total_fen` came in for it altogether."""

    total_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LateMoneyArrived(OrderFact):
    """Money for an order that is ended; `if_late` is what the member chose."""

    amount_fen: int = 0
    if_late: str = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConfirmed(OrderFact):
    """The drop's promise to an order is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(OrderFact):
    """An order is ended (the text says why); what was paid is owed back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDue(OrderFact):
    """Money is owed back to an order's member. `posting` posts once; `amount_fen` 0 is all that is kept."""

    amount_fen: int = 0
    why: str = ""
    posting: str = ""
    sku_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefunded(OrderFact):
    """A refund reached the member."""

    refund_id: str = ""
    amount_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShipped(OrderFact):
    """An order is on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderArrived(OrderFact):
    """An order waits at its pick-up point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReceived(OrderFact):
    """The member has the goods."""


EVENTS: tuple[type[Event], ...] = (
    DropOpeningDue, DropClosingDue, DropReminderDue, DropProgressDue, HoldsDue, TeamExpiryDue, ReconcileDue,
    DropCancelAsked, DropJoinAsked, HelpAsked, OrderCancelAsked, PaymentReceived, RefundAsked, RefundAnswered,
    RefundHandedOver, RefundRetryAsked, OrderMarkAsked, DropOpened, DropClosed, DropCancelled, GoalReached, SeatTaken,
    TeamFormed, TeamExpired, OrderPlaced, OrderChanged, OrderPaid, LateMoneyArrived, OrderConfirmed, OrderCancelled,
    RefundDue, OrderRefunded, OrderShipped, OrderArrived, OrderReceived,
)
