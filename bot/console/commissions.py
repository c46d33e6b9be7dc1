"""The commission book at the desk: every commission with its state, filtered, summed and exported; members' statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from starlette.responses import Response, StreamingResponse

from bot.console.language import mark
from bot.console.order_export import BATCH, MOST_ROWS, XLSX, attached
from bot.console.orders import midnight
from bot.console.pages import get, post
from bot.console.reward_words import ACCOUNTS, LEVELS, MOVES, PAYOUT_STATES, STATES, UNITS, amount_words, unit_of
from bot.console.visit import Visit
from content.sheets import csv_of, xlsx_of
from storage import campaigns, commission_book, ledger, members, payouts
from storage.commission_book import Wanted
from storage.operators import MANAGER, VIEWER
from storage.terms import POINTS

LIST, A_PAGE = "/console/commissions", 50
FIELDS = ("q", "state", "campaign", "unit", "from", "to")
COLUMNS = (
    mark("编号"), mark("时间"), mark("订单号"), mark("商品"), mark("谁得"), mark("成员编号"), mark("第几级"), mark("给什么"),
    mark("按多少钱算（元）"), mark("原来许诺"), mark("现在数额"), mark("状态"), mark("可结算时间"), mark("结算批次"), mark("暂扣原因"),
)


def asked_of(given: Mapping[str, Any]) -> dict[str, str]:
    """The filters as written, bounded."""
    return {name: str(given.get(name, "")).replace("\0", "").strip()[:120] for name in FIELDS}


def wanted_of(visit: Visit, asked: Mapping[str, str]) -> Wanted:
    """The filters as understood; the last day counts whole."""
    since, until = midnight(visit, asked["from"]), midnight(visit, asked["to"])
    state, unit = (asked["state"] if asked["state"] in STATES else ""), (asked["unit"] if asked["unit"] in UNITS else "")
    return Wanted(asked["q"], state, asked["campaign"], unit, since, until and until + timedelta(days=1))


def search(visit: Visit) -> Response:
    asked = asked_of(visit.request.query_params)
    wanted, before = wanted_of(visit, asked), visit.query("before", 20)
    with visit.read() as session:
        last = int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None
        found = commission_book.find(session, wanted, before=last, limit=A_PAGE + 1)
        sums = commission_book.sum_by_state(session, wanted)
        named = {row.id: row.name for row in campaigns.find_all(session)}
    return visit.page(
        "commissions.html", rows=found[:A_PAGE], sums=sums, asked=asked, states=STATES, units=UNITS, levels=LEVELS, campaigns=named,
        amount=amount_words, next_before=found[A_PAGE - 1].id if len(found) > A_PAGE else None,
    )


def export(visit: Visit) -> Response:
    asked = asked_of(visit.form)
    wanted, is_csv = wanted_of(visit, asked), visit.form.get("form") != "xlsx"
    with visit.act("commission.export", "commissions", **{name: value for name, value in asked.items() if value}):
        name = f"commissions-{visit.now.astimezone(visit.desk.zone):%Y%m%d-%H%M}"
    header = [visit.translate(one) for one in COLUMNS]
    if is_csv:
        return StreamingResponse(_csv(visit, header, wanted), media_type="text/csv; charset=utf-8", headers=attached(f"{name}.csv"))
    return Response(xlsx_of([(visit.translate("佣金账本"), header, _rows(visit, wanted))]), media_type=XLSX, headers=attached(f"{name}.xlsx"))


def _csv(visit: Visit, header: list[str], wanted: Wanted) -> Iterator[str]:
    yield "\ufeff" + csv_of([header])
    for row in _rows(visit, wanted):
        yield csv_of([row])


def _rows(visit: Visit, wanted: Wanted) -> Iterator[list[object]]:
    """The book in batches, each read in a transaction of its own. Money is in yuan, points are whole."""
    before: int | None = None
    for _ in range(MOST_ROWS // BATCH):
        with visit.read() as session:
            found = commission_book.find(session, wanted, before=before, limit=BATCH)
        for row in found:
            share = 1 if row.unit == POINTS else 100
            yield [
                row.id, row.accrued_at.astimezone(visit.desk.zone).strftime("%Y-%m-%d %H:%M:%S"), row.order_id, row.goods or row.sku_id,
                row.member_name or "", row.member_id, row.level, visit.translate(UNITS[row.unit]), row.base_fen / 100,
                row.granted / share, row.amount / share, visit.translate(STATES[row.state][0]),
                "" if row.due_at is None else row.due_at.astimezone(visit.desk.zone).strftime("%Y-%m-%d"), row.payout_id or "", row.held_why,
            ]
        if len(found) < BATCH:
            return
        before = found[-1].id


def statement(visit: Visit) -> Response:
    """All that moved for one member, with what stands on their accounts and what was paid."""
    member_id, unit = visit.query("member", 120), unit_of(visit.query("unit", 10))
    with visit.read() as session:
        member = members.get(session, member_id)
        balances = {kind: ledger.sum_balance(session, ledger.account_of(member_id, kind), unit) for kind in ACCOUNTS}
        moves = ledger.find_of_member(session, member_id, unit)
        paid = payouts.find_of_member(session, member_id)
    return visit.page(
        "commissions_statement.html", member=member, unit=unit, balances=balances, accounts=ACCOUNTS, moves=moves, paid=paid, units=UNITS,
        names=MOVES, payout_states=PAYOUT_STATES, amount=amount_words,
    )


PAGES = (
    get("/commissions", search, VIEWER),
    post("/commissions/export", export, MANAGER),
    get("/commissions/statement", statement, VIEWER),
)
