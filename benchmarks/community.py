"""A community of 50,000 with known cheats: how right the attribution and the rules of vigilance are.

    tuan bench community [--members 50000] [--seeds 101,102,103] [--json]
    tuan bench community --road 2000    # a smaller one on a real database, beside what the rules alone say

Every order is credited by the real rule and every referrer judged by the real rules, order by order as they come in,
seeing only what is known by then. Fraud are orders of second selves, rings, farms and agreed refunds; an order counts as
accused when any rule but «household» doubted it before the end. Orders of the referrer's own home are no fraud, but do not
count by the rules page: how many of them are held is told apart. The rules were tuned on seeds 1 to 5; report others.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from typing import Any

from benchmarks.community_eyes import Eyes
from benchmarks.community_road import compare
from benchmarks.community_world import CHEATS, HOUSEHOLD, Maker, Order, World
from handlers.vigilance import rules

TUNED_ON = range(1, 6)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--members", type=int, default=50_000)
    asked.add_argument("--seeds", default="101,102,103")
    asked.add_argument("--road", type=int, default=0)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    for seed in (int(one) for one in given.seeds.split(",")):
        figures = {"seed": seed, "tuned_on": seed in TUNED_ON}
        figures |= compare(seed, given.road) if given.road else measure(seed, given.members)
        if given.json:
            print(json.dumps(figures), flush=True)
            continue
        for name, value in figures.items():
            print(f"{name.replace('_', ' '):<26} {value}")
        print(flush=True)


def measure(seed: int, members: int) -> dict[str, Any]:
    """One community from its seed: how many orders were credited, doubted, and rightly so."""
    started = time.perf_counter()
    world = Maker(seed, members).make()
    eyes = Eyes(world)
    eyes.live()
    credited = [order for order in world.orders if order.id in eyes.credited]
    cheats = {order.id for order in credited if order.truth in CHEATS}
    families = {order.id for order in credited if _is_of_own_home(world, order, eyes.credited[order.id])} - cheats
    accused = {order_id for rule, ids in eyes.by_rule.items() if rule != rules.HOUSEHOLD for order_id in ids}
    of_home = eyes.by_rule[rules.HOUSEHOLD] - accused
    brought = [order for order in credited if order.brought_by]
    found_of = Counter(order.truth for order in credited if order.id in accused)
    all_of = Counter(order.truth for order in credited)
    return {
        "members": len(world.accounts), "orders": len(world.orders), "touches": len(world.touches), "credited": len(credited),
        "attribution_as_stored_rule": eyes.agreed / max(1, eyes.compared),
        "credited_to_who_truly_brought": _part(sum(eyes.credited[one.id] == one.brought_by for one in brought), len(credited)),
        "truly_brought_and_credited": _part(
            sum(eyes.credited.get(one.id) == one.brought_by for one in world.orders if one.brought_by),
            sum(bool(one.brought_by) for one in world.orders)),
        "fraud_orders": len(cheats), "accused": len(accused),
        "precision": _part(len(accused & cheats), len(accused)), "recall": _part(len(accused & cheats), len(cheats)),
        "own_home_orders": len(families), "held_as_own_home": len(of_home),
        "own_home_precision": _part(len(of_home & (families | cheats)), len(of_home)),
        "own_home_recall": _part(len((of_home | accused) & families), len(families)),
        "held_and_payable": len((accused | of_home) - cheats - families),
        "accused_by_truth": {truth: f"{found_of[truth]}/{all_of[truth]}" for truth in sorted(all_of)},
        "by_rule": {rule: f"{len(ids & cheats)}/{len(ids)}" for rule, ids in sorted(eyes.by_rule.items())},
        "seconds": round(time.perf_counter() - started, 1),
    }  # fmt: skip


def _is_of_own_home(world: World, order: Order, referrer: str) -> bool:
    """Whoever is credited lives with the buyer, whatever made the buyer order."""
    return order.truth == HOUSEHOLD or any(mate.id == referrer for mate in world.accounts[order.who].housemates)


def _part(some: int, of: int) -> float:
    return round(some / of, 4) if of else 1.0


if __name__ == "__main__":
    main()
