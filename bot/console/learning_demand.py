"""The demand radar: what members wish for and the shop has not, put on the restock or the presale list."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.visit import NotFound, Visit
from storage import demands, groups, products
from storage.demands import DISMISSED, DONE, LISTED, ON_PRESALE, ON_RESTOCK, OPEN, Demand
from storage.operators import MANAGER, VIEWER

LIST = "/console/learning/demand"
KINDS = {"restock": mark("想要补货"), "variant": mark("想要别的款式"), "sold_out": mark("问了没货的")}
LISTS = {"open": (OPEN,), "listed": LISTED, "done": (DONE,), "dismissed": (DISMISSED,)}
TOASTS = {
    ON_RESTOCK: mark("已放进补货清单。"), ON_PRESALE: mark("已放进预售清单。"), DONE: mark("已完成。"),
    DISMISSED: mark("已忽略。"), OPEN: mark("已放回。"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One demand in the list: the product's name (empty when it was not named), how many members wish it, and where."""

    row: Demand
    product: str
    members: int
    times: int
    groups: list[tuple[str, int]]


def overview(visit: Visit) -> Response:
    part = visit.chosen("list", list(LISTS)) or "open"
    group_id = visit.query("group", 120)
    with visit.read() as session:
        shown = _find(visit, session, LISTS[part], group_id)
        counts = demands.count(session)
        names = {row.id: row.name for row in groups.find_all(session)}
    return visit.page(
        "learning_demand.html", shown=shown, part=part, group_id=group_id, groups=names, kinds=KINDS,
        counts={name: sum(counts.get(state, 0) for state in states) for name, states in LISTS.items()},
    )


def settle(visit: Visit) -> Response:
    demand_id, state = visit.path("id"), str(visit.form.get("state", ""))
    if state not in TOASTS:
        raise NotFound
    with visit.act("demand.settle", f"demand:{demand_id}", state=state) as session:
        demands.settle(session, demand_id, state, by=visit.operator.name, now=visit.now)
    return visit.go(visit.back(LIST), visit.translate(TOASTS[state]))


def _find(visit: Visit, session: Session, states: tuple[str, ...], group_id: str) -> list[Wanted]:
    rows = demands.find(session, states, group_id)
    goods = products.find_with_ids(session, list({row[0].product_id for row in rows if row[0].product_id}))
    places = demands.find_groups(session, [row[0].id for row in rows])
    names = groups.find_names(session, {name for found in places.values() for name, _ in found if name})
    return [
        Wanted(
            demand, goods[demand.product_id].name if demand.product_id in goods else "", members, times,
            [(names.get(name, name) or visit.translate("私聊"), many) for name, many in places.get(demand.id, [])],
        )
        for demand, members, times in rows
    ]


PAGES = (
    get("/learning/demand", overview, VIEWER),
    post("/learning/demand/{id:int}", settle, MANAGER),
)
