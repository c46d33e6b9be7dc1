"""Rosters at the desk: rows that wait for an operator with what each would change, and what copies did to a drop's list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import trade
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.speaking import fresh_nonce
from bot.console.visit import NotFound, Visit
from bot.signing import settling, showing
from handlers.group_buy import rows
from storage import drops, groups, rosters
from storage.base import AnyRow
from storage.operators import MANAGER, VIEWER

HOME, MOST, AT_ONCE, MOST_NOTE = "/console/rosters", 500, 500, 120
KINDS = {
    rows.ADD: (mark("新增"), "green"), rows.CHANGE: (mark("改数量"), "blue"), rows.CANCEL: (mark("不要了"), "red"),
    rows.ASK: (mark("别人改的"), "amber"),
}
STATES = {
    rosters.PENDING: (mark("等确认"), "amber"), rosters.APPLIED: (mark("记下了"), "green"),
    rosters.APPROVED: (mark("人工通过"), "green"), rosters.TURNED_DOWN: (mark("没有通过"), ""),
    rosters.ASKED: (mark("在群里问了"), "blue"), rosters.FAILED: (mark("没记成"), "red"),
}
WHYS = {
    "large": mark("一次改动太多"), "unclear": mark("没看懂"), "which_drop": mark("不确定是不是这个团"), "foreign": mark("被别人改了"),
    "sold_out": mark("不够了"), "too_many": mark("超过每人限量"), "team_full": mark("团满了"), "team_over": mark("团结束了"),
    "seated_already": mark("已经在团里"), "paid_already": mark("已经付款"), "not_open": mark("不在开团时间"),
    "not_for_you": mark("不是给这个群的"), "odd_amount": mark("数量不对"), "unknown_offer": mark("对不上商品"),
    "nothing_to_take_back": mark("没有订单可退"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a roster with what it wanted and wants now; not `fits` where its words name nothing on offer."""

    row: AnyRow
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    fits: bool

    @property
    def notes(self) -> str:
        found = dict.fromkeys(str(one.get("note") or "") for one in self.after)
        return "；".join(note for note in found if note)[:MOST_NOTE]


@dataclass(frozen=True, slots=True)
class Posted:
    """What one copy of a roster changed, waiting together."""

    drop: AnyRow
    offers: Sequence[drops.OnOffer]
    group_id: str
    group: str
    author: str
    at: Any
    changes: list[Change]


def waiting(visit: Visit) -> Response:
    with visit.read() as session:
        found = rosters.find_pending(session, MOST)
        count = rosters.count_pending(session)
        posted = _by_copy(session, found)
    return visit.page("rosters.html", posted=posted, count=count, most=MOST, kinds=KINDS, whys=WHYS, nonce=fresh_nonce())


def _by_copy(session: Session, found: Sequence[AnyRow]) -> list[Posted]:
    copies = rosters.find_posted(session, sorted({row.copy_id for row in found}))
    names = groups.find_names(session, {row.group_id for row in found})
    known = {drop_id: drops.get(session, drop_id) for drop_id in {row.drop_id for row in found}}
    offers = {drop_id: drops.find_offered(session, drop_id) for drop_id in known}
    posted: dict[tuple[str, str, int], Posted] = {}
    for row in found:
        copy, key = copies[row.copy_id], (row.drop_id, row.group_id, row.copy_id)
        if key not in posted:
            group = names.get(row.group_id, row.group_id)
            posted[key] = Posted(
                known[row.drop_id], offers[row.drop_id], row.group_id, group, copy.author_name or copy.author_id, copy.posted_at, []
            )
        posted[key].changes.append(_change(row, offers[row.drop_id]))
    return list(posted.values())


def _change(row: AnyRow, offers: Sequence[drops.OnOffer]) -> Change:
    after = json.loads(row.after)
    return Change(row, json.loads(row.before), after, rows.lines_of(rows.wanted_of(after), offers) is not None)


def settle(visit: Visit) -> Response:
    """Approve or refuse one row (yes, no), or those ticked (do)."""
    back, nonce = visit.back(HOME), trade.nonce(visit)
    one_yes, one_no = str(visit.form.get("yes", "")), str(visit.form.get("no", ""))
    written = [one_yes or one_no] if one_yes or one_no else visit.form.getlist("row")
    ids = [int(one) for one in written if isinstance(one, str) and one.isascii() and one.isdecimal() and len(one) < 19][:AT_ONCE]
    is_approved = bool(one_yes) or (not one_no and visit.form.get("do") == "approve")
    if not ids or not nonce:
        return visit.go(back, visit.translate("请先勾选要处理的行。"), is_bad=True)
    with visit.read() as session:
        group = groups.find(session, str(visit.form.get("group", ""))[:120])
        ids = [row.id for row in rosters.find_with_ids(session, ids) if row.state == rosters.PENDING]
    if group is None:
        raise NotFound
    if not ids:
        return visit.go(back, visit.translate("这些行已经有人处理过了。"), is_bad=True)
    event = settling(
        group.id, group.channel, ids, is_approved=is_approved, by=trade.by(visit),
        key=rows.key_of(visit.operator.id, nonce, is_approved, ids), now=visit.now,
    )
    action = "roster.approve" if is_approved else "roster.refuse"
    told = trade.put(visit, event, action, f"group:{group.id}", rows=ids)
    if not told.is_done:
        return visit.go(back, trade.why_not(visit, told), is_bad=True)
    return _after(visit, back, ids)


def _after(visit: Visit, back: str, ids: list[int]) -> Response:
    """Say what became of the rows: some may have been settled by somebody else, or could not become orders."""
    with visit.read() as session:
        found = [row for row in rosters.find_with_ids(session, ids) if row.settled_by == trade.by(visit)]
    failed = [row for row in found if row.state == rosters.FAILED]
    approved = sum(row.state == rosters.APPROVED for row in found)
    if failed:
        why = visit.translate(WHYS[failed[0].why]) if failed[0].why in WHYS else failed[0].why
        words = visit.translate("通过 %(done)s 行，%(left)s 行没记成：%(why)s。", done=approved, left=len(failed), why=why)
        return visit.go(back, words, is_bad=True)
    if not found:
        return visit.go(back, visit.translate("这些行已经有人处理过了。"), is_bad=True)
    if approved:
        return visit.go(back, visit.translate("通过了 %(count)s 行，已记成订单。", count=approved))
    return visit.go(back, visit.translate("%(count)s 行没有通过，订单不变。", count=len(found)))


def of_drop(visit: Visit) -> Response:
    """Everything that copies did to a drop's rosters, newest first."""
    drop_id, state = visit.path("id"), visit.chosen("state", rosters.STATES)
    with visit.read() as session:
        drop = drops.get(session, drop_id)
        offers = drops.find_offered(session, drop_id)
        found = rosters.find_changes(session, drop_id, (state,) if state else rosters.STATES, MOST)
        names = groups.find_names(session, drops.find_groups(session, drop_id) | {row.group_id for row in found})
    return visit.page(
        "rosters_drop.html", drop=drop, changes=[_change(row, offers) for row in found], state=state, group_names=names, kinds=KINDS,
        states=STATES, whys=WHYS, most=MOST, nonce=fresh_nonce(),
    )


def show(visit: Visit) -> Response:
    """Have the drop's list shown in a group, to be signed on."""
    drop_id, nonce = visit.path("id"), trade.nonce(visit)
    back = f"/console/drops/{drop_id}/rosters"
    with visit.read() as session:
        drop, group = drops.get(session, drop_id), groups.find(session, str(visit.form.get("group", ""))[:120])
    if group is None or not nonce:
        return visit.go(back, visit.translate("请选择一个群。"), is_bad=True)
    event = showing(group.id, group.channel, drop.id, key=f"{visit.operator.id}:{nonce}", now=visit.now)
    told = trade.put(visit, event, "roster.show", f"drop:{drop_id}", group=group.id)
    if not told.is_done:
        return visit.go(back, trade.why_not(visit, told), is_bad=True)
    return visit.go(back, visit.translate("接龙名单已发到「%(name)s」。", name=group.name))


PAGES = (
    get("/rosters", waiting, VIEWER),
    post("/rosters/settle", settle, MANAGER),
    get("/drops/{id}/rosters", of_drop, VIEWER),
    post("/drops/{id}/rosters/show", show, MANAGER),
)
