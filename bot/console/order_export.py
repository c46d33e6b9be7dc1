"""Orders as a file, with the page's filters: CSV streamed in batches, or one XLSX workbook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from starlette.responses import Response, StreamingResponse

from bot.console.handing import attached, workbook
from bot.console.language import mark
from bot.console.orders import STATUSES, asked_of, wanted_of
from bot.console.pages import post
from bot.console.visit import Visit
from content.sheets import csv_of, xlsx_of
from storage import groups, order_search, orders
from storage.operators import MANAGER
from storage.order_search import Wanted

BATCH, MOST_ROWS = 500, 100_000
COLUMNS = (
    mark("订单号"), mark("下单时间"), mark("状态"), mark("成员"), mark("成员编号"), mark("群"), mark("自提点"), mark("地址"), mark("商品"),
    mark("份数"), mark("金额（元）"), mark("付款时间"), mark("备注"),
)


def export(visit: Visit) -> Response:
    asked = asked_of({name: visit.form.get(name, "") for name in visit.form})
    is_csv = visit.form.get("form") != "xlsx"
    wanted = wanted_of(visit, asked)
    with visit.act("order.export", "orders", **{name: value for name, value in asked.items() if value}):
        name = f"orders-{visit.now.astimezone(visit.desk.zone):%Y%m%d-%H%M}"
    header = [visit.translate(one) for one in COLUMNS]
    if is_csv:
        pieces = _csv(visit, header, wanted)
        return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers=attached(f"{name}.csv"))
    with visit.read() as session:
        total = min(MOST_ROWS, order_search.count(session, wanted, visit.now)[0])
    sheet = visit.translate("订单")
    return workbook(visit, f"{name}.xlsx", total, lambda told: xlsx_of([(sheet, header, _rows(visit, wanted))], told))


def _csv(visit: Visit, header: list[str], wanted: Wanted) -> Iterator[str]:
    yield "\ufeff" + csv_of([header])
    batch: list[list[object]] = []
    for row in _rows(visit, wanted):
        batch.append(row)
        if len(batch) == BATCH:
            yield csv_of(batch)
            batch = []
    yield csv_of(batch)


def _rows(visit: Visit, wanted: Wanted) -> Iterator[list[object]]:
    """The orders in batches, each read in a transaction of its own."""
    after: str | None = None
    for _ in range(MOST_ROWS // BATCH):
        with visit.read() as session:
            found = order_search.find(session, wanted, visit.now, after=after, limit=BATCH)
            lines = orders.find_lines(session, [row.id for row in found])
            names = groups.find_names(session, {row.group_id for row in found if row.group_id})
        for row in found:
            bought = lines[row.id]
            yield [
                row.id, _moment(visit, row.placed_at), visit.translate(STATUSES[row.status][0]), row.member_name, row.member_id,
                names.get(row.group_id or "", row.group_id), row.pickup_point, row.address,
                "\n".join(f"{one.name} ×{one.quantity}" for one in bought), sum(one.quantity for one in bought),
                row.total_fen / 100, _moment(visit, row.paid_at), row.note,
            ]
        if len(found) < BATCH:
            return
        after = found[-1].id


def _moment(visit: Visit, moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(visit.desk.zone).strftime("%Y-%m-%d %H:%M:%S")


PAGES = (post("/orders/export", export, MANAGER),)
