"""Suspected cheating: the queue, the evidence in words, and an admin's decision."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.reward_words import STATES as REWARD_STATES
from bot.console.visit import Visit
from handlers.vigilance import actions
from storage import commissions, members, orders, suspicions
from storage.operators import ADMIN, MANAGER

LIST, A_PAGE, LONGEST = "/console/fraud", 50, 400
RULES = {
    "self": mark("自己给自己推荐"), "household": mark("同一户"), "ring": mark("一伙账号"), "velocity": mark("短时间大量下单"),
    "join_farm": mark("刷进群"), "refund_ring": mark("下单再退款"),
}
STATES = {"open": (mark("待决定"), "amber"), "confirmed": (mark("属实"), "red"), "cleared": (mark("没问题"), "green")}
SHARED = {
    "payer": mark("付款人"), "phone": mark("手机号"), "home": mark("住址"), "device": mark("设备"), "network": mark("网络"),
}
Decide = Callable[[Session, int, str, str, datetime], bool]


class Settled(Exception):
    """Somebody else was faster: undoes the transaction with its audit entry."""


def queue(visit: Visit) -> Response:
    state, rule = visit.query("state", 10) or suspicions.OPEN, visit.query("rule", 12)
    before = visit.query("before", 18)
    with visit.read() as session:
        found = suspicions.find_page(
            session, state="" if state == "all" else state, rule=rule if rule in RULES else "",
            before=int(before) if before.isdecimal() else 0, limit=A_PAGE + 1,
        )
        names = members.find_names(session, {row.referrer_id for row in found})
        count = suspicions.count_open(session)
    shown = found[:A_PAGE]
    return visit.page(
        "fraud.html", rows=shown, names=names, rules=RULES, states=STATES, state=state, rule=rule, count=count,
        evidence={row.id: said(visit, row.rule, json.loads(row.evidence)) for row in shown},
        next_before=shown[-1].id if len(found) > A_PAGE else None,
    )


def one(visit: Visit) -> Response:
    with visit.read() as session:
        row = suspicions.get(session, visit.path("id"))
        doubted = suspicions.find_orders(session, row.id)
        bought = {one.id: one for one in orders.find_with_ids(session, [one.order_id for one in doubted])}
        earned = {one.order_id: commissions.find_of_order(session, one.order_id) for one in doubted}
        people = {row.referrer_id, *(one.member_id for one in bought.values())}
        names = members.find_names(session, people)
        others = [one for one in suspicions.find_page(session, state="", referrer_id=row.referrer_id, limit=20) if one.id != row.id]
    return visit.page(
        "fraud_one.html", row=row, doubted=doubted, bought=bought, earned=earned, names=names, others=others, rules=RULES,
        states=STATES, commission=REWARD_STATES, evidence=said(visit, row.rule, json.loads(row.evidence)),
    )


def confirm(visit: Visit) -> Response:
    return _decide(visit, "fraud.confirm", actions.confirm, visit.translate("记为属实，这些订单不给奖励。"), needs_words=True)


def clear(visit: Visit) -> Response:
    return _decide(visit, "fraud.clear", actions.clear, visit.translate("记为没问题，暂扣的奖励已放开。"))


def _decide(visit: Visit, action: str, decide: Decide, done: str, *, needs_words: bool = False) -> Response:
    number, back = visit.path("id"), f"{LIST}/{visit.path('id')}"
    words = str(visit.form.get("words", "")).replace("\0", "").strip()
    if len(words) > LONGEST or (needs_words and not words):
        return visit.go(back, visit.translate("请写明理由，最多 400 个字。"), is_bad=True)
    try:
        with visit.act(action, f"suspicion:{number}", words=words) as session:
            suspicions.lock(session, number)
            if not decide(session, number, visit.operator.name, words, visit.now):
                raise Settled
    except Settled:
        return visit.go(back, visit.translate("已经有人决定过了。"), is_bad=True)
    return visit.go(back, done)


def said(visit: Visit, rule: str, found: dict[str, Any]) -> list[str]:
    """The evidence in sentences."""
    shared = visit.translate("、").join(visit.translate(SHARED[kind]) for kind in found.get("shared", ()) if kind in SHARED)
    told: list[str] = []
    if found.get("is_same_person"):
        told.append(visit.translate("买的人和推荐人是同一个人。"))
    if shared and rule in ("self", "household"):
        told.append(visit.translate("买的人和推荐人的%(what)s一样。", what=shared))
    if rule == "ring":
        told.append(visit.translate(
            "%(buyers)s 个买的人共用一个%(what)s，全店用它的一共 %(users)s 人。", buyers=found["buyers"], what=shared,
            users=found["users"],
        ))  # fmt: skip
    if rule == "velocity":
        told.append(visit.translate("%(minutes)s 分钟里有 %(orders)s 单。", minutes=found["minutes"], orders=found["orders"]))
    if rule == "join_farm":
        told.append(visit.translate(
            "%(joins)s 人一起进群，其中 %(idle)s%% 没下单或退了群。", joins=found["joins"], idle=found["idle_percent"]
        ))  # fmt: skip
    if "alike_percent" in found:
        told.append(visit.translate("%(alike)s%% 的人来自同一个网络或几台设备。", alike=found["alike_percent"]))
    if rule == "refund_ring":
        told.append(visit.translate(
            "%(orders)s 单里退了 %(refunded)s 单，来自 %(buyers)s 个人；同场其他人没有这样退。", orders=found["orders"],
            refunded=found["refunded"], buyers=found["buyers"],
        ))  # fmt: skip
    return told


PAGES = (
    get("/fraud", queue, MANAGER),
    get("/fraud/{id:int}", one, MANAGER),
    post("/fraud/{id:int}/confirm", confirm, ADMIN),
    post("/fraud/{id:int}/clear", clear, ADMIN),
)
