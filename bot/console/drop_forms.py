"""A drop as it stands in its wizard: what was typed, and the faults beside it, in the operator's language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData

from bot.console.language import mark
from bot.console.product_forms import fen_of, yuan_of
from storage import drops
from storage.base import AnyRow

KINDS = {
    drops.GROUP: (mark("群团"), mark("全群满多少人就成团，大家一个价。")),
    drops.TEAM: (mark("拼团"), mark("几个人凑一个团，凑满就成，可以同时有好几个团。")),
    drops.TIER: (mark("阶梯价"), mark("人越多越便宜，先付的人退差价。")),
    drops.FLASH: (mark("秒杀"), mark("限量，先到先得。")),
    drops.PRESALE: (mark("预售"), mark("先付定金，到货前付尾款。")),
    drops.BARGAIN: (mark("砍价"), mark("朋友帮砍，每一刀砍多少事先写明。")),
    drops.THRESHOLD: (mark("满减"), mark("一单满多少减多少。")),
}
STEP_KINDS = {drops.TIER: "tier", drops.THRESHOLD: "threshold", drops.BARGAIN: "cut"}
FIELDS = (
    "kind", "title", "words", "pays", "pickup_point", "per_member", "hold_minutes", "team_size", "team_hours", "has_one_team",
    "goal", "steps", "balance_due_at", "opens_at", "closes_at",
)
STEP_OF = {"kind": 1, "title": 1, "words": 1, "offers": 2}  # every other field stands on the third page
LONGEST = {"title": 120, "words": 1000, "pickup_point": 120, "steps": 2000}
# Whole numbers with their bounds.
COUNTS = {"per_member": (1, 999), "hold_minutes": (5, 10_080), "team_size": (2, 100), "team_hours": (1, 720), "goal": (2, 100_000)}
MOST_OFFERS, MOST_LIMIT = 26, 1_000_000
COUNT = re.compile(r"[0-9]{1,9}")
BAD_PRICE = mark("价格以元为单位，最多两位小数，例如 39.90。")


@dataclass(slots=True)
class OfferRow:
    """One SKU in the form, with what the shop asks for it and has of it."""

    sku: str
    name: str = ""
    list_fen: int = 0
    stock: int = 0
    price: str = ""
    limit: str = ""
    deposit: str = ""
    floor: str = ""
    fault: str = ""

    @property
    def is_dear(self) -> bool:
        """Costs more than without the drop: no fault, but worth a warning."""
        return (fen_of(self.price) or 0) > self.list_fen


@dataclass(slots=True)
class DropForm:
    """Everything of the wizard; `errors` by field, «offers» for the SKUs as a whole."""

    values: dict[str, str]
    groups: list[str]
    offers: list[OfferRow]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.values["kind"]

    @property
    def faulty_pages(self) -> list[int]:
        """Pages of the wizard on which something is wrong."""
        pages = {STEP_OF.get(name, 3) for name in self.errors}
        return sorted(pages | ({2} if any(row.fault for row in self.offers) else set()))


def blank() -> DropForm:
    values = dict.fromkeys(FIELDS, "") | {"kind": drops.GROUP, "pays": drops.BEFORE, "hold_minutes": "30", "team_hours": "24"}
    return DropForm(values, [], [])


def of_drop(drop: AnyRow, offers: Sequence[AnyRow], steps: Sequence[AnyRow], groups: set[str], zone: ZoneInfo) -> DropForm:
    """A drop's rows as they would be typed."""
    values = {name: "" if getattr(drop, name, None) is None else str(getattr(drop, name)) for name in FIELDS if name != "steps"}
    for name in ("balance_due_at", "opens_at", "closes_at"):
        moment: datetime | None = getattr(drop, name)
        values[name] = "" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
    marks = {one.sku_id: one.mark for one in offers}
    values |= {"has_one_team": "true" if drop.has_one_team else "", "steps": "\n".join(_typed_step(one, marks) for one in steps)}
    rows = [
        OfferRow(
            one.sku_id, price=yuan_of(one.price_fen), limit="" if one.stock_limit is None else str(one.stock_limit),
            deposit=yuan_of(one.deposit_fen), floor=yuan_of(one.floor_fen),
        )
        for one in offers
    ]
    return DropForm(values, sorted(groups), rows)


def _typed_step(step: AnyRow, marks: Mapping[str, str]) -> str:
    if step.kind == "tier":
        start = f"{marks.get(step.sku_id, '')} " if len(marks) > 1 else ""
        return f"{start}{step.at} {yuan_of(step.fen)}"
    return f"{yuan_of(step.at)} {yuan_of(step.fen)}" if step.kind == "threshold" else yuan_of(step.fen)


def read(form: FormData) -> DropForm:
    """What was typed, not checked yet."""
    values = {name: _text(form.get(name))[: LONGEST.get(name, 40) + 1] for name in FIELDS}
    columns = [[_text(one)[:80] for one in form.getlist(name)] for name in ("sku", "price", "limit", "deposit", "floor")]
    rows: dict[str, OfferRow] = {}
    for sku, price, limit, deposit, floor in list(zip(*columns, strict=False))[: MOST_OFFERS + 1]:
        rows.setdefault(sku, OfferRow(sku, price=price, limit=limit, deposit=deposit, floor=floor))
    return DropForm(values, list(dict.fromkeys(_text(one)[:120] for one in form.getlist("group"))), list(rows.values()))


def _text(value: Any) -> str:
    return value.replace("\r\n", "\n").replace("\0", "").strip() if isinstance(value, str) else ""


def plain(text: str) -> str:
    """Full-width digits as others."""
    return unicodedata.normalize("NFKC", text).strip()


def count_of(text: str) -> int | None:
    """A whole number not below zero; None for anything else."""
    found = COUNT.fullmatch(plain(text))
    return int(found[0]) if found else None


def moment_of(text: str, zone: ZoneInfo) -> datetime | None:
    """A date and time as the browser sends it, in the shop's zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=zone) if moment.tzinfo is None and 2000 <= moment.year <= 2100 else None


def columns(form: DropForm, zone: ZoneInfo) -> dict[str, Any]:
    """The columns of drops; only for a sound form. Fields of another kind stay empty."""
    values, kind = form.values, form.kind
    counts = {name: count_of(values[name]) if values[name] else None for name in COUNTS}
    is_team = kind == drops.TEAM
    return {
        "kind": kind, "title": values["title"], "words": values["words"], "pays": values["pays"],
        "pickup_point": values["pickup_point"], "per_member": counts["per_member"], "hold_minutes": counts["hold_minutes"],
        "team_size": counts["team_size"] if is_team else None, "team_hours": counts["team_hours"] or 24,
        "has_one_team": is_team and values["has_one_team"] == "true", "goal": counts["goal"] if kind == drops.GROUP else None,
        "balance_due_at": moment_of(values["balance_due_at"], zone) if kind == drops.PRESALE else None,
        "opens_at": moment_of(values["opens_at"], zone), "closes_at": moment_of(values["closes_at"], zone),
    }


def offers(form: DropForm) -> list[dict[str, Any]]:
    """The offers' columns; only for a sound form."""
    kind = form.kind
    return [
        {
            "sku_id": row.sku, "price_fen": fen_of(row.price), "stock_limit": count_of(row.limit) if row.limit else None,
            "deposit_fen": fen_of(row.deposit) if kind == drops.PRESALE else None,
            "floor_fen": fen_of(row.floor) if kind == drops.BARGAIN and row.floor else None,
            "is_from_stock": kind != drops.PRESALE,
        }
        for row in form.offers
    ]
