"""A campaign's terms as they stand in the form: what was typed, the faults beside it, and the terms once all is sound."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData

from bot.console.drop_forms import count_of, moment_of
from bot.console.language import mark
from bot.console.product_forms import fen_of, yuan_of
from storage.base import AnyRow
from storage.terms import (
    FEN,
    FLAT,
    FRIEND,
    OCCASIONS,
    POINTS,
    REFERRER,
    RULES,
    SCOPES,
    SHOP,
    UNITS,
    UPPER,
    WHOLE,
    Reward,
    Terms,
)

FIELDS = ("name", "starts_at", "ends_at", "rule", "window_days", "protection_days", "after_sale_days", "top_level", "budget", "member_cap")
ROW_FIELDS = ("level", "unit", "kind", "amount", "occasion", "scope", "target")
DAYS = {"window_days": (1, 365), "protection_days": (0, 365), "after_sale_days": (0, 365)}
MOST_ROWS, SPARE_ROWS, MOST_POINTS = 12, 2, 1_000_000
TARGET = re.compile(r"[\w.:-]{1,80}")
BAD_MONEY = mark("金额以元为单位，最多两位小数，例如 39.90。")
BAD_COUNT = mark("请填 %(least)s 到 %(most)s 之间的整数。")


@dataclass(slots=True)
class RewardRow:
    """One reward as typed; a row without an amount is no reward."""

    values: dict[str, str]
    fault: str = ""


@dataclass(slots=True)
class CampaignForm:
    values: dict[str, str]
    rows: list[RewardRow]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        return not self.errors and not any(row.fault for row in self.rows)


def blank_row() -> RewardRow:
    return RewardRow({"level": "1", "unit": FEN, "kind": "percent", "amount": "", "occasion": "order", "scope": SHOP, "target": ""})


def blank() -> CampaignForm:
    values = dict.fromkeys(FIELDS, "") | {"rule": "last", "window_days": "30", "protection_days": "0", "after_sale_days": "7", "top_level": "1"}
    return CampaignForm(values, [blank_row() for _ in range(SPARE_ROWS)])


def of_terms(campaign: AnyRow, terms: Terms) -> CampaignForm:
    """Terms as they would be typed, with some empty rows."""
    values = {name: str(getattr(terms, name)) for name in ("rule", *DAYS, "top_level")}
    money = {"budget": yuan_of(terms.budget_fen), "member_cap": yuan_of(terms.member_cap_fen)}
    values |= {"name": campaign.name, "starts_at": "", "ends_at": ""} | money
    rows = [
        RewardRow({name: str(getattr(one, name)) for name in ROW_FIELDS} | {"amount": _typed(one)}) for one in terms.rewards
    ]
    return CampaignForm(values, [*rows, *(blank_row() for _ in range(SPARE_ROWS))][:MOST_ROWS])


def _typed(reward: Reward) -> str:
    """Percentages and money with up to two digits, points whole."""
    return str(reward.amount) if reward.kind == FLAT and reward.unit == POINTS else yuan_of(reward.amount)


def read(form: FormData) -> CampaignForm:
    """What was typed, not checked yet."""
    values = {name: _text(form.get(name))[:120] for name in FIELDS}
    columns = [[_text(one)[:80] for one in form.getlist(f"reward_{name}")] for name in ROW_FIELDS]
    rows = [RewardRow(dict(zip(ROW_FIELDS, one, strict=True))) for one in list(zip(*columns, strict=False))[:MOST_ROWS]]
    return CampaignForm(values, rows)


def _text(value: object) -> str:
    return value.replace("\0", "").strip() if isinstance(value, str) else ""


def check(form: CampaignForm, zone: ZoneInfo, *, is_new: bool) -> None:
    """Note every fault beside its field, as words to be translated."""
    if is_new and not form.values["name"]:
        form.errors["name"] = mark("请填写")
    if form.values["rule"] not in RULES:
        form.errors["rule"] = mark("请选择一项")
    for name, bounds in DAYS.items():
        count = count_of(form.values[name])
        if count is None or not bounds[0] <= count <= bounds[1]:
            form.errors[name] = BAD_COUNT
    for name in ("budget", "member_cap"):
        if form.values[name] and not fen_of(form.values[name]):
            form.errors[name] = BAD_MONEY
    starts, ends = times(form, zone)
    if form.values["ends_at"] and (ends is None or (starts is not None and ends <= starts)):
        form.errors["ends_at"] = mark("结束时间要晚于开始时间。")
    for row in form.rows:
        row.fault = _row_fault(row, form.values["top_level"])
    if not any(row.values["amount"] for row in form.rows):
        form.errors["rewards"] = mark("至少要有一条奖励。")


def _row_fault(row: RewardRow, top_level: str) -> str:
    values = row.values
    if not values["amount"]:
        return ""
    known = {"unit": UNITS, "kind": ("percent", FLAT), "occasion": OCCASIONS, "scope": SCOPES}
    if values["level"] not in ("0", "1", "2") or any(values[name] not in allowed for name, allowed in known.items()):
        return mark("最多两级：下单的好友、推荐人、推荐人的推荐人。")
    if values["level"] == str(UPPER) and top_level != str(UPPER):
        return mark("要先打开第二级，才能给推荐人的推荐人。")
    if values["level"] == str(FRIEND) and values["unit"] == FEN:
        return mark("下单的好友只能得优惠券或积分，不能得佣金。")
    if values["scope"] != SHOP and not TARGET.fullmatch(values["target"]):
        return mark("请填写团购或商品的编号。")
    return _amount_fault(values)


def _amount_fault(values: dict[str, str]) -> str:
    amount = amount_of(values)
    if amount is None or amount <= 0:
        return mark("数额要大于 0，最多两位小数。")
    if values["kind"] != FLAT and amount > WHOLE:
        return mark("比例不能超过 100%。")
    return "" if amount <= 100 * MOST_POINTS else mark("数额太大。")


def amount_of(values: dict[str, str]) -> int | None:
    """Basis points of a percentage, fen of money, points as they are."""
    return count_of(values["amount"]) if values["kind"] == FLAT and values["unit"] == POINTS else fen_of(values["amount"])


def times(form: CampaignForm, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    return moment_of(form.values["starts_at"], zone), moment_of(form.values["ends_at"], zone)


def terms_of(form: CampaignForm, campaign_id: str, version: int) -> Terms:
    """The terms; only for a sound form."""
    days = {name: count_of(form.values[name]) or 0 for name in DAYS}
    money = {f"{name}_fen": fen_of(form.values[name]) if form.values[name] else None for name in ("budget", "member_cap")}
    rewards = tuple(
        Reward(
            level=int(row.values["level"]), unit=row.values["unit"], kind=row.values["kind"], amount=amount_of(row.values) or 0,
            occasion=row.values["occasion"], scope=row.values["scope"], target=row.values["target"] if row.values["scope"] != SHOP else "",
        )
        for row in form.rows if row.values["amount"]
    )
    top = UPPER if form.values["top_level"] == str(UPPER) else REFERRER
    return Terms(campaign_id=campaign_id, version=version, rule=form.values["rule"], top_level=top, rewards=rewards, **days, **money)  # type: ignore[arg-type]
