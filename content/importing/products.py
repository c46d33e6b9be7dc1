"""Products from rows: one row a product with its SKUs, or several rows with one id, a SKU each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from content.importing import fields
from content.importing.headers import PRODUCT, known_as
from content.importing.reading import Row
from content.importing.refusals import Refused, RefusedRow
from storage import products

MAX_SKUS = 200
ADDED, UPDATED, UNCHANGED = "added", "updated", "unchanged"


@dataclass(slots=True)
class Checked:
    """A product as it is to be stored. `skus` is None where the file says nothing of them."""

    line: int
    values: dict[str, Any]
    skus: list[dict[str, Any]] | None
    lines: int = 1

    @property
    def id(self) -> str:
        return str(self.values["id"])


def check(rows: Sequence[Row]) -> tuple[list[Checked], list[RefusedRow]]:
    """What can be stored and what is refused. A product one of whose rows is refused is left as it was."""
    refused: list[RefusedRow] = []
    together: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for row in rows:
        named = {known_as(name, PRODUCT): value for name, value in row.values.items()}
        try:
            together.setdefault(fields.identity(named.get("id"), "编号 id"), []).append((row.line, named))
        except Refused as reason:
            refused.append(RefusedRow(row.line, reason))
    checked: list[Checked] = []
    sku_lines: dict[str, int] = {}
    for lines in together.values():
        try:
            one, doubles = _product(lines)
            _claim_skus(one, sku_lines)
            checked.append(one)
            refused.extend(doubles)
        except _At as fault:
            refused.append(RefusedRow(fault.line, fault.reason))
            others = [line for line, _ in lines if line != fault.line]
            refused.extend(RefusedRow(line, _because(fault.line)) for line in others)
    return checked, sorted(refused, key=lambda one: one.line)


class _Double(Refused):
    """A row whose like stands earlier in the file; the earlier one is taken."""


class _At(Exception):
    """A refusal and the line it happened in."""

    def __init__(self, line: int, reason: Refused) -> None:
        super().__init__(reason.en)
        self.line, self.reason = line, reason


def _because(line: int) -> Refused:
    return Refused(f"同一商品的第 {line} 行有问题", f"line {line} of the same product was refused")


def _product(lines: Sequence[tuple[int, Mapping[str, Any]]]) -> tuple[Checked, list[RefusedRow]]:
    """The product of all lines with its id; a line that says what an earlier one said is refused alone."""
    line, named = lines[0]
    try:
        values = _values(named)
        skus = _skus(values, named)
    except Refused as reason:
        raise _At(line, reason) from None
    doubles = []
    for another, more in lines[1:]:
        try:
            skus = _with_further(skus, values, named, more, line)
        except _Double as reason:
            doubles.append(RefusedRow(another, reason))
        except Refused as reason:
            raise _At(another, reason) from None
    if skus and len(lines) > 1:
        values["price_fen"] = min(sku["price_fen"] for sku in skus)
    return Checked(line, values, skus, len(lines) - len(doubles)), doubles


def _with_further(
    skus: list[dict[str, Any]] | None,
    values: Mapping[str, Any],
    named: Mapping[str, Any],
    more: Mapping[str, Any],
    line: int,
) -> list[dict[str, Any]]:
    """The SKUs so far and the one a further row of the product tells of."""
    name = fields.words(more.get("name"), "名称 name", 200)
    if name and name != values["name"]:
        raise _Double(f"编号与第 {line} 行相同，名称却不同", f"has the id of line {line} but another name")
    is_list = "skus" in more or "skus" in named
    fresh = None if is_list else _skus({**values, "price_fen": _price(more, values["price_fen"])}, more)
    if not fresh or skus is None:
        raise _Double(f"编号与第 {line} 行重复", f"the id stands in line {line} already")
    if not _is_distinct([*skus, *fresh]):
        raise _Double(
            f"规格与前面的行重复（从第 {line} 行起）",
            f"the same SKU stands in an earlier row (from line {line})",
        )
    return [*skus, *fresh]


def _values(named: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": fields.identity(named.get("id"), "编号 id"),
        "name": fields.words(named.get("name"), "名称 name", 200, is_needed=True),
        "price_fen": _price(named, None),
    }
    if "brief" in named:
        values["brief"] = fields.words(named["brief"], "简介 brief", 2_000)
    if "unit" in named:
        values["unit"] = fields.words(named["unit"], "单位 unit", 20)
    if "category" in named:
        values["category"] = fields.several(named["category"], "分类 category", most=6, longest=40)
    if "aliases" in named:
        values["aliases"] = fields.several(named["aliases"], "别名 aliases", most=50, longest=80)
    if not fields.is_absent(named.get("on_sale")):
        values["is_on_sale"] = fields.choice(named["on_sale"], "上架 on_sale")
    if "list_price" in named or "list_price_fen" in named:
        values["list_price_fen"] = _list_price(named)
    own = [[name.partition(":")[2], value] for name, value in named.items() if name.startswith("attribute:")]
    if "attributes" in named or own:
        listed = fields.pairs(named.get("attributes"), "属性 attributes")
        values["attributes"] = listed + fields.pairs(
            [pair for pair in own if not fields.is_absent(pair[1])], "属性"
        )
    return values


def _price(named: Mapping[str, Any], default: int | None) -> int:
    if not fields.is_absent(named.get("price_fen")):
        return fields.fen(named["price_fen"], "价格 price_fen")
    if default is not None and fields.is_absent(named.get("price")):
        return default
    return fields.money(named.get("price"), "价格 price")


def _list_price(named: Mapping[str, Any]) -> int | None:
    for name, read in (("list_price_fen", fields.fen), ("list_price", fields.money)):
        if str(named.get(name) if named.get(name) is not None else "").strip().lower() not in fields.ABSENT:
            return read(named[name], f"原价 {name}")
    return None


def _skus(values: Mapping[str, Any], named: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The row's SKUs: its list of them, or one made of its specs and stock; None when it tells of none."""
    listed = named.get("skus")
    if fields.is_absent(listed):
        if fields.is_absent(named.get("stock")):
            if not fields.is_absent(named.get("specs")):
                raise Refused("缺少「库存 stock」", "库存 stock is missing")
            return None
        listed = [
            {name: named[name] for name in ("specs", "stock") if name in named} | {"id": named.get("sku_id")}
        ]
    if not isinstance(listed, list) or not all(isinstance(sku, Mapping) for sku in listed):
        raise Refused("「skus」应当是规格的列表", "skus should be a list of SKUs")
    if len(listed) > MAX_SKUS:
        raise Refused(f"规格超过{MAX_SKUS}个", f"more than {MAX_SKUS} SKUs")
    skus = [
        _sku(values, {known_as(str(name), PRODUCT): value for name, value in sku.items()}) for sku in listed
    ]
    if not _is_distinct(skus):
        raise Refused("同样的规格出现了两次", "the same SKU stands there twice")
    return skus


def _sku(values: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    specs = fields.several(named.get("specs"), "规格 specs", most=10, longest=80)
    given = named.get("id")
    sku_id = (
        stable_id(values["id"], specs)
        if fields.is_absent(given)
        else fields.identity(given, "规格编号 sku_id")
    )
    price = _price(named, values["price_fen"])
    return {
        "id": sku_id,
        "specs": specs,
        "price_fen": price,
        "stock": fields.count(named.get("stock"), "库存 stock"),
    }


def stable_id(product_id: str, specs: Sequence[str]) -> str:
    """The id of a SKU that the file gives none: always the same for the same product and specs."""
    return "sku_" + hashlib.sha256("\0".join((product_id, *specs)).encode()).hexdigest()[:16]


def _is_distinct(skus: Sequence[Mapping[str, Any]]) -> bool:
    return len({sku["id"] for sku in skus}) == len(skus) == len({tuple(sku["specs"]) for sku in skus})


def _claim_skus(one: Checked, sku_lines: dict[str, int]) -> None:
    for sku in one.skus or ():
        before = sku_lines.setdefault(sku["id"], one.line)
        if before != one.line:
            raise _At(
                one.line,
                Refused(
                    f"规格编号 {sku['id']} 在第 {before} 行用过了",
                    f"the SKU id {sku['id']} stands in line {before} already",
                ),
            )


def store(
    session: Session, batch: Sequence[Checked], now: datetime, *, dry_run: bool
) -> Iterator[tuple[Checked, str | Refused]]:
    """Write what is new or changed; gives what became of each: added, updated, unchanged, or why not."""
    known = products.find_with_ids(session, [one.id for one in batch])
    known_skus = products.find_skus_of(session, list(known))
    owners = products.find_sku_owners(session, [sku["id"] for one in batch for sku in one.skus or ()])
    for one in batch:
        before = known.get(one.id)
        stolen = [sku["id"] for sku in one.skus or () if owners.get(sku["id"], one.id) != one.id]
        if stolen:
            yield (
                one,
                Refused(
                    f"规格编号 {stolen[0]} 属于别的商品", f"the SKU id {stolen[0]} belongs to another product"
                ),
            )
            continue
        if before is None and one.skus is None:
            yield one, Refused("新商品缺少「库存 stock」", "a new product needs 库存 stock")
            continue
        old_skus = [_as_values(sku) for sku in known_skus.get(one.id, ())]
        skus = old_skus if one.skus is None else one.skus
        if (
            before is not None
            and before.deleted_at is None
            and skus == old_skus
            and _is_same(before, one.values)
        ):
            yield one, UNCHANGED
            continue
        if not dry_run:
            products.save(session, one.values, skus, now)
        yield one, ADDED if before is None or before.deleted_at is not None else UPDATED


def _as_values(sku: products.Sku) -> dict[str, Any]:
    return {"id": sku.id, "specs": sku.spec_list, "price_fen": sku.price_fen, "stock": sku.stock}


def _is_same(before: products.Product, values: Mapping[str, Any]) -> bool:
    stored = {
        "category": before.category_list,
        "aliases": before.alias_list,
        "attributes": [list(pair) for pair in before.attribute_list],
    }
    return all(
        stored[name] == value if name in stored else getattr(before, name) == value
        for name, value in values.items()
    )
