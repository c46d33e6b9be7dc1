"""Checks a drop's form: every fault in a plain sentence beside its field, before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from bot.console import drop_forms as forms
from bot.console.drop_forms import BAD_PRICE, COUNTS, KINDS, LONGEST, MOST_LIMIT, MOST_OFFERS, DropForm, OfferRow
from bot.console.product_forms import fen_of
from storage import drops

Translate = Callable[..., str]
NUMBERS = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
MOST_STEPS = 20


def check(form: DropForm, page: int, zone: ZoneInfo, now: datetime, translate: Translate) -> None:
    """Find the faults of the pages up to this one."""
    _check_beginning(form, translate)
    if page >= 2:
        _check_offers(form, translate)
    if page >= 3:
        _check_terms(form, translate)
        _check_times(form, zone, now, translate)
        if not form.errors and not any(row.fault for row in form.offers):
            steps(form, translate)


def _check_beginning(form: DropForm, translate: Translate) -> None:
    if form.kind not in KINDS:
        form.errors["kind"] = translate("请选择一项")
    if not form.values["title"]:
        form.errors["title"] = translate("请给活动起个名字。")
    for name, most in LONGEST.items():
        if len(form.values[name]) > most:
            form.errors[name] = translate("最多 %(length)s 个字。", length=most)


def _check_offers(form: DropForm, translate: Translate) -> None:
    if not form.offers:
        form.errors["offers"] = translate("至少选一个商品规格。")
    elif len(form.offers) > MOST_OFFERS:
        form.errors["offers"] = translate("最多 %(length)s 个规格。", length=MOST_OFFERS)
    for row in form.offers:
        row.fault = _fault_of(form.kind, row, translate)


def _fault_of(kind: str, row: OfferRow, translate: Translate) -> str:
    price, limit = fen_of(row.price), forms.count_of(row.limit)
    if not row.name:
        return translate("店里没有这个规格了，请去掉。")
    if price is None:
        return translate(BAD_PRICE)
    if row.limit and (limit is None or not 1 <= limit <= MOST_LIMIT):
        return translate("限量是 1 到 %(most)s 之间的整数。", most=MOST_LIMIT)
    if kind == drops.FLASH and not row.limit:
        return translate("秒杀要写限量多少份。")
    if kind == drops.PRESALE:
        deposit = fen_of(row.deposit)
        if deposit is None or not 0 < deposit <= price:
            return translate("定金要大于 0，不能超过价格，最多两位小数。")
    if kind == drops.BARGAIN and row.floor:
        floor = fen_of(row.floor)
        if floor is None or floor > price:
            return translate("底价不能超过价格，最多两位小数。")
    return ""


def _check_terms(form: DropForm, translate: Translate) -> None:
    needed = {drops.TEAM: "team_size", drops.GROUP: "goal"}.get(form.kind)
    for name, (least, most) in COUNTS.items():
        if (name == "team_size" and form.kind != drops.TEAM) or (name == "goal" and form.kind != drops.GROUP):
            continue
        count = forms.count_of(form.values[name])
        if (form.values[name] or name == needed) and (count is None or not least <= count <= most):
            form.errors[name] = translate("是 %(least)s 到 %(most)s 之间的整数。", least=least, most=most)
    if form.values["pays"] not in (drops.BEFORE, drops.PICKUP):
        form.errors["pays"] = translate("请选择一项")
    elif form.values["pays"] == drops.PICKUP and form.kind == drops.PRESALE:
        form.errors["pays"] = translate("预售要先付定金，不能取货时付。")


def _check_times(form: DropForm, zone: ZoneInfo, now: datetime, translate: Translate) -> None:
    found = {}
    for name in ("opens_at", "closes_at", "balance_due_at"):
        found[name] = forms.moment_of(form.values[name], zone)
        if form.values[name] and found[name] is None:
            form.errors[name] = translate("请填写日期和时间。")
    opens, closes, balance = found["opens_at"], found["closes_at"], found["balance_due_at"]
    if closes is not None and closes <= (opens or now):
        form.errors["closes_at"] = translate("截止要晚于开始。") if opens else translate("截止时间已经过了。")
    if form.kind == drops.PRESALE:
        if balance is None:
            form.errors.setdefault("balance_due_at", translate("预售要写尾款什么时候付清。"))
        elif balance <= (closes or opens or now):
            form.errors["balance_due_at"] = translate("尾款要在活动截止之后付清。")


def steps(form: DropForm, translate: Translate) -> list[dict[str, Any]]:
    """The published figures of the kind, from their lines; a fault goes to the form."""
    kind = forms.STEP_KINDS.get(form.kind)
    if kind is None:
        return []
    lines = [line for line in forms.plain(form.values["steps"]).splitlines() if line.strip()]
    read = {"tier": _tier, "threshold": _threshold, "cut": _cut}[kind]
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        one = read(form, line, number)
        if one is None or number > MOST_STEPS:
            form.errors["steps"] = translate("第%(line)s行看不懂或不合理。", line=number)
            return []
        found.append({"kind": kind, **one})
    if not found:
        form.errors["steps"] = translate("至少写一行。")
    elif len({(one["at"], one.get("sku_id", "")) for one in found}) < len(found):
        form.errors["steps"] = translate("有两行写的是同一档。")
    return found


def _tier(form: DropForm, line: str, _number: int) -> dict[str, Any] | None:
    """«10 25.9», or «A 10 25.9» where the drop has several offers: from ten heads on it costs 25.90."""
    head = line.split()[0].upper()
    place = ord(head) - ord("A") if len(head) == 1 and head.isalpha() and head.isascii() else 0
    found = NUMBERS.findall(line)
    if len(found) != 2 or not 0 <= place < len(form.offers):
        return None
    heads, fen = forms.count_of(found[0]), fen_of(found[1])
    if heads is None or fen is None or not 2 <= heads <= 100_000 or fen >= (fen_of(form.offers[place].price) or 0):
        return None
    return {"at": heads, "fen": fen, "sku_id": form.offers[place].sku}


def _threshold(_form: DropForm, line: str, _number: int) -> dict[str, Any] | None:
    """«满99减10» or «99 10»."""
    amounts = [fen_of(one) for one in NUMBERS.findall(line)]
    if len(amounts) != 2 or amounts[0] is None or amounts[1] is None or not 0 < amounts[1] < amounts[0]:
        return None
    return {"at": amounts[0], "fen": amounts[1]}


def _cut(_form: DropForm, line: str, number: int) -> dict[str, Any] | None:
    """What the helper of this line takes off."""
    amounts = [fen_of(one) for one in NUMBERS.findall(line)]
    return {"at": number, "fen": amounts[0]} if len(amounts) == 1 and amounts[0] else None


def as_rows(form: DropForm, zone: ZoneInfo, translate: Translate) -> tuple[Any, list[Any], list[Any]]:
    """What the drop's rows would be (drop, offers, steps), for showing it beforehand; only for a sound form."""
    drop = SimpleNamespace(**forms.columns(form, zone), code="····")
    offers = [
        SimpleNamespace(**values, mark=chr(ord("A") + place), name=row.name, taken=0, list_fen=max(row.list_fen, values["price_fen"]))
        for place, (row, values) in enumerate(zip(form.offers, forms.offers(form), strict=True))
    ]
    return drop, offers, [SimpleNamespace(**{"sku_id": ""} | one) for one in steps(form, translate)]
