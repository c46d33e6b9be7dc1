"""A reward plan as somebody wishes it, lawful or not: what the plan lint reads and the rules page is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

FRIEND, REFERRER, UPPER = 0, 1, 2  # levels: who buys, who referred them, who referred the referrer
LONGEST_TEXT, MOST_PAYS, MOST_FEN, MOST_DAYS = 2000, 20, 10**11, 100_000
# What a reward may hang on. Only the first four are a real order; the others exist so that they can be refused by name.
ORDER, FIRST_ORDER, TEAM_FORMED, RECEIVED = "order", "first_order", "team_formed", "received"
EVENTS = (
    ORDER, FIRST_ORDER, TEAM_FORMED, RECEIVED, "join", "register", "recruit", "share", "click", "like", "team_sales", "help",
)
KINDS = ("commission", "points", "coupon", "goods", "chance")  # chance: a draw
MODELS = ("last", "first", "bound")
STEPS = ("", "orders", "heads", "team_sales")  # what a rising rate rises with
NEEDS = ("", *EVENTS[4:])
PAID_WHEN = ("placed", "paid", "received")


class PlanUnread(ValueError):
    """A plan that cannot be read at all: which field, and what is wrong with it."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field, self.why = field, why


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """What one level gets: `rate_bp` hundredths of a percent of what was paid, or `flat_fen`, for an event. `needs` is what
    they must do besides («share», «recruit», or nothing); a rising rate rises with `steps_by`. Points: `flat_fen` is so many,
    `rate_bp` so many for every 100 yuan. `only` names the goods or drop it is for."""

    level: int = REFERRER
    kind: str = "commission"
    event: str = ORDER
    rate_bp: int = 0
    flat_fen: int = 0
    needs: str = ""
    steps_by: str = ""
    only: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan as drafted. `None` means nobody said: a window that is missing is no window of 0 days. `price_fen` is the
    cheapest order the plan holds for, `margin_fen` what the shop keeps of it; `goods` what is sold, in words."""

    name: str = ""
    text: str = ""
    goods: str = ""
    pays: tuple[Pay, ...] = ()
    model: str = "last"
    window_days: int | None = None
    protect_days: int | None = None
    after_sale_days: int | None = None
    paid_when: str = "received"
    entry_fee_fen: int = 0
    must_buy_fen: int = 0
    price_fen: int | None = None
    margin_fen: int | None = None
    budget_fen: int | None = None
    member_cap_fen: int | None = None
    payout_minimum_fen: int = 0
    is_upper_level_on: bool = False
    is_own_order_paid: bool = False
    changes_past_orders: bool = False
    keeps_refunded: bool = False
    starts_on: str = ""
    ends_on: str = ""


def read(given: Mapping[str, Any]) -> Plan:
    """A plan from JSON. Raises PlanUnread for an unknown field, a wrong kind of value, or one beyond all bounds."""
    values = dict(given)
    pays = values.pop("pays", ())
    if not isinstance(pays, list | tuple):
        raise PlanUnread("pays", "not a list")
    if len(pays) > MOST_PAYS:
        raise PlanUnread("pays", f"more than {MOST_PAYS}")
    return Plan(**_checked(Plan, values, ""), pays=tuple(_pay(one, place) for place, one in enumerate(pays)))


def _pay(given: Any, place: int) -> Pay:
    if not isinstance(given, Mapping):
        raise PlanUnread(f"pays[{place}]", "not an object")
    pay = Pay(**_checked(Pay, given, f"pays[{place}]."))
    for name, allowed in (("kind", KINDS), ("event", EVENTS), ("steps_by", STEPS), ("needs", NEEDS)):
        if getattr(pay, name) not in allowed:
            raise PlanUnread(f"pays[{place}].{name}", f"none of {', '.join(allowed)}")
    return pay


def _checked(kind: type[Plan] | type[Pay], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    wanted = {field.name: str(field.type) for field in fields(kind)}
    for name, value in given.items():
        if name not in wanted or name == "pays":
            raise PlanUnread(f"{where}{name}"[:80], "no such field")
        fault = _fault(name, wanted[name], value)
        if fault:
            raise PlanUnread(where + name, fault)
    return dict(given)


def _fault(name: str, wanted: str, value: Any) -> str:
    if wanted == "bool":
        return "" if isinstance(value, bool) else "not true or false"
    if wanted == "str":
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            return f"not a text of at most {LONGEST_TEXT} characters"
        allowed = {"model": MODELS, "paid_when": PAID_WHEN}.get(name)
        return "" if allowed is None or value in allowed else f"none of {', '.join(allowed)}"
    if value is None:
        return "" if "None" in wanted else "missing"
    most = MOST_DAYS if name.endswith("_days") else MOST_FEN
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > most:
        return f"not a whole number up to {most}"
    return ""
