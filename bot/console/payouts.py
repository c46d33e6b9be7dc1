"""Payouts at the desk: a batch is proposed, approved by an admin, exported, and marked as paid, or given up."""

from __future__ import annotations

from starlette.responses import Response

from bot.console.order_export import XLSX, attached
from bot.console.pages import get, post
from bot.console.product_forms import fen_of
from bot.console.reward_words import PAYOUT_STATES
from bot.console.visit import Visit
from content.sheets import csv_of, xlsx_of
from handlers.rewards import payouts as actions
from handlers.rewards import rules
from storage import ledger, operators, payouts
from storage.operators import ADMIN, MANAGER, VIEWER

LIST, LONGEST_NOTE = "/console/payouts", 200


def catalogue(visit: Visit) -> Response:
    """Every batch, and what a new one would hold."""
    least = fen_of(visit.query("least", 12) or "0.01") or 1
    with visit.read() as session:
        payable = ledger.sum_balances(session, ledger.PAYABLE)
        rows = payouts.find_all(session)
    ready = [fen for fen in payable.values() if fen >= least]
    return visit.page(
        "payouts.html", rows=rows, states=PAYOUT_STATES, ready_count=len(ready), ready_fen=sum(ready), least_fen=least,
        debt_fen=-sum(fen for fen in payable.values() if fen < 0), asked=visit.query("least", 12),
        is_waiting=any(row.status == payouts.PROPOSED for row in rows),
    )


def propose(visit: Visit) -> Response:
    """Put what is payable into a batch; nothing is paid yet."""
    least = fen_of(str(visit.form.get("least", "")) or "0.01")
    note = str(visit.form.get("tax_note", "")).replace("\0", "").strip()[:LONGEST_NOTE]
    if not least:
        return visit.go(LIST, visit.translate("金额以元为单位，最多两位小数，例如 39.90。"), is_bad=True)
    with visit.act("payout.propose", "payouts", least_fen=least) as session:
        payout_id = actions.propose(session, least, note, _by(visit), visit.now)
    if payout_id is None:
        return visit.go(LIST, visit.translate("没有可结算的，或者已有一批在等审批。"), is_bad=True)
    return visit.go(f"{LIST}/{payout_id}", visit.translate("已提出，等管理员审批。"))


def show(visit: Visit) -> Response:
    payout_id = visit.path("id")
    with visit.read() as session:
        batch = payouts.get(session, payout_id)
        lines = payouts.find_lines(session, payout_id)
        count_admins = operators.count_admins(session)
        names = {f"operator:{one.id}": one.name for one in operators.find_all(session)}
    may_approve = visit.may(ADMIN) and rules.may_approve(batch.proposed_by, _by(visit), count_admins)
    return visit.page("payouts_one.html", batch=batch, lines=lines, states=PAYOUT_STATES, may_approve=may_approve, names=names)


def approve(visit: Visit) -> Response:
    """The admin confirms the sum they saw; another sum is not approved."""
    payout_id = visit.path("id")
    with visit.read() as session:
        batch, count_admins = payouts.get(session, payout_id), operators.count_admins(session)
    if visit.form.get("sure") != str(batch.total_fen):
        return visit.go(f"{LIST}/{payout_id}", visit.translate("请先勾选「我核对过了」。"), is_bad=True)
    with visit.act("payout.approve", f"payout:{payout_id}", total_fen=batch.total_fen, members=batch.members) as session:
        is_done = actions.approve(session, payout_id, _by(visit), count_admins, visit.now)
    if not is_done:
        return visit.go(f"{LIST}/{payout_id}", visit.translate("不能审批：提出的人不能自己批，或者它不在等审批。"), is_bad=True)
    return visit.go(f"{LIST}/{payout_id}", visit.translate("已批准。导出付款，付完回来记一笔。"))


def paid(visit: Visit) -> Response:
    payout_id = visit.path("id")
    if visit.form.get("sure") != "yes":
        return visit.go(f"{LIST}/{payout_id}", visit.translate("请先勾选「钱都付出去了」。"), is_bad=True)
    with visit.act("payout.paid", f"payout:{payout_id}") as session:
        is_done = actions.mark_paid(session, payout_id, _by(visit), visit.now)
    words = visit.translate("已记为付清。") if is_done else visit.translate("这一批现在不能记为付清。")
    return visit.go(f"{LIST}/{payout_id}", words, is_bad=not is_done)


def cancel(visit: Visit) -> Response:
    payout_id = visit.path("id")
    with visit.act("payout.cancel", f"payout:{payout_id}") as session:
        is_done = actions.cancel(session, payout_id, _by(visit), visit.now)
    words = visit.translate("已取消，佣金回到可结算。") if is_done else visit.translate("这一批现在不能取消。")
    return visit.go(f"{LIST}/{payout_id}", words, is_bad=not is_done)


def export(visit: Visit) -> Response:
    """The transfer file of an approved batch."""
    payout_id = visit.path("id")
    with visit.read() as session:
        batch, lines = payouts.get(session, payout_id), payouts.find_lines(session, payout_id)
    if batch.status not in (payouts.APPROVED, payouts.PAID):
        return visit.go(f"{LIST}/{payout_id}", visit.translate("批准以后才能导出付款文件。"), is_bad=True)
    with visit.act("payout.export", f"payout:{payout_id}"):
        header, *rows = actions.table(lines, batch)
    if visit.form.get("form") == "xlsx":
        return Response(xlsx_of([(payout_id, header, rows)]), media_type=XLSX, headers=attached(f"{payout_id}.xlsx"))
    csv = "\ufeff" + csv_of([header, *rows])
    return Response(csv, media_type="text/csv; charset=utf-8", headers=attached(f"{payout_id}.csv"))


def _by(visit: Visit) -> str:
    return f"operator:{visit.operator.id}"


PAGES = (
    get("/payouts", catalogue, VIEWER),
    post("/payouts/propose", propose, MANAGER),
    get("/payouts/{id}", show, VIEWER),
    post("/payouts/{id}/approve", approve, ADMIN),
    post("/payouts/{id}/paid", paid, ADMIN),
    post("/payouts/{id}/cancel", cancel, ADMIN),
    post("/payouts/{id}/export", export, ADMIN),
)
