"""Pick lists: a drop of 5,000 orders in the database, made into a workbook as the console does it.

    python -m benchmarks.picklist [--orders 5000] [--database postgresql://…]

The time runs from reading the orders to the finished file; progress shows how many rows are written.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

from rich.progress import Progress

from content.picklists import Words, workbook
from storage import drops, migrate, order_search, orders
from storage.database import Database

BAR_SECONDS = 3.0


def fill(database: Database, count: int) -> str:
    """A drop with so many paid orders of one to three products at twenty pick-up points; gives its id."""
    now, drop_id = datetime.now(UTC), "drp_bench"
    names = [f"商品{number} 500g装" for number in range(30)]
    with database.write() as session:
        offers = [
            {"sku_id": f"sku_{place}", "mark": f"A{place}", "name": name, "list_fen": 3990, "price_fen": 2990}
            for place, name in enumerate(names)
        ]
        drops.create(session, {"id": drop_id, "code": "BNCH", "kind": "flash", "status": "closed", "title": "大团", "created_at": now}, offers)
        rows = [
            {
                "id": f"ord_{number:012d}", "drop_id": drop_id, "channel": "bench", "group_id": f"bench:g{number % 12}",
                "member_id": f"bench:{number}", "member_name": f"邻居{number}", "status": "paid", "total_fen": 2990, "deposit_fen": 0,
                "pays": "before", "if_late": "refund", "pickup_point": f"{number % 20}号自提点", "address": None, "note": "",
                "source": "page", "reason": "", "placed_at": now, "confirmed_at": now,
            }
            for number in range(count)
        ]
        lines = [
            (f"ord_{number:012d}", f"sku_{(number + more) % 30}", names[(number + more) % 30], 1 + more, 2990, 3990)
            for number in range(count) for more in range(1 + number % 3)
        ]
        orders.insert_all(session, rows, lines, [])
    return drop_id


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--orders", type=int, default=5_000)
    asked.add_argument("--database", default="")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(given.database or f"sqlite:///{Path(folder) / 'picks.db'}")
        migrate.upgrade(database)
        drop_id = fill(database, given.orders)
        with Progress() as progress:
            task = progress.add_task("rows", total=given.orders)
            begun, used = perf_counter(), process_time()
            with database.read() as session:
                found = order_search.find_picks(session, drop_id, {f"bench:g{number}": f"{number}号群" for number in range(12)})
            read = perf_counter() - begun
            content = workbook(found, Words(), lambda done: progress.update(task, completed=min(done, given.orders)))
            whole, used = perf_counter() - begun, process_time() - used
        database.close()
    result = {
        "orders": len(found),
        "read_seconds": round(read, 2), "seconds": round(whole, 2), "cpu_seconds": round(used, 2), "kilobytes": len(content) // 1024,
    }
    print(json.dumps(result))
    print(f"{len(found)} orders as XLSX in {whole:.2f} s (bar {BAR_SECONDS:.0f} s): {'met' if whole < BAR_SECONDS else 'missed'}")


if __name__ == "__main__":
    main()
