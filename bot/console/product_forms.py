"""Reads a product from its form: prices in yuan become whole fen, and every fault stands beside its field."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from storage.products import Product, Sku

PRICE = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,2}))?")
COUNT = re.compile(r"[0-9]{1,9}")
SEPARATORS = re.compile(r"[,，、;；\n]+")
LONGEST_NAME, LONGEST_BRIEF, LONGEST_WORD = 200, 2000, 80
MAX_LINES, MAX_SKUS = 60, 60

Translate = Callable[..., str]


def fen_of(yuan: str) -> int | None:
    """Yuan as written, in whole fen: «39.9», «¥39.90», «３９.９元» → 3990; None for anything that is not exact."""
    plain = unicodedata.normalize("NFKC", yuan).strip().lstrip("¥").removesuffix("元").strip()
    found = PRICE.fullmatch(plain)
    if found is None:
        return None
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def yuan_of(fen: int | None) -> str:
    """Fen as an operator writes it: 3990 → «39.90», 4000 → «40»."""
    if fen is None:
        return ""
    yuan, rest = divmod(fen, 100)
    return f"{yuan}.{rest:02d}" if rest else str(yuan)


@dataclass(slots=True)
class SkuRow:
    """One SKU as it stands in the form; `fault` says what is wrong with it."""

    id: str = ""
    specs: str = ""
    price: str = ""
    stock: str = ""
    fault: str = ""

    @property
    def is_blank(self) -> bool:
        return not (self.specs or self.price or self.stock)


@dataclass(slots=True)
class ProductForm:
    """A product as typed; what could not be understood is in `errors` by field name."""

    id: str = ""
    name: str = ""
    brief: str = ""
    unit: str = ""
    category: str = ""
    aliases: str = ""
    attributes: str = ""
    price: str = ""
    list_price: str = ""
    is_on_sale: bool = True
    revision: int = 0
    skus: list[SkuRow] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        return not self.errors and not any(sku.fault for sku in self.skus)

    @property
    def values(self) -> dict[str, Any]:
        """The fields as written, for showing them again."""
        return {
            "name": self.name, "brief": self.brief, "unit": self.unit, "category": self.category,
            "aliases": self.aliases, "attributes": self.attributes, "price": self.price,
            "list_price": self.list_price, "is_on_sale": self.is_on_sale,
        }

    def columns(self) -> dict[str, Any]:
        """What to save; only for a sound form."""
        return {
            "id": self.id or f"prd_{secrets.token_hex(6)}", "name": self.name, "brief": self.brief, "unit": self.unit,
            "category": _words(self.category), "aliases": _words(self.aliases),
            "attributes": [list(pair) for pair in _pairs(self.attributes)], "price_fen": fen_of(self.price),
            "list_price_fen": fen_of(self.list_price) if self.list_price else None, "is_on_sale": self.is_on_sale,
        }

    def sku_values(self) -> list[dict[str, Any]]:
        return [
            {
                "id": sku.id or f"sku_{secrets.token_hex(6)}", "specs": sku.specs.split(),
                "price_fen": fen_of(sku.price), "stock": int(sku.stock),
            }
            for sku in self.skus if not sku.is_blank
        ]


def of_product(product: Product, skus: Sequence[Sku]) -> ProductForm:
    return ProductForm(
        id=product.id, name=product.name, brief=product.brief, unit=product.unit,
        category="、".join(product.category_list), aliases="、".join(product.alias_list),
        attributes="\n".join(f"{name}: {value}" for name, value in product.attribute_list),
        price=yuan_of(product.price_fen), list_price=yuan_of(product.list_price_fen), is_on_sale=product.is_on_sale,
        revision=product.revision,
        skus=[SkuRow(sku.id, sku.label, yuan_of(sku.price_fen), str(sku.stock)) for sku in skus],
    )


def read(form: FormData, product_id: str, translate: Translate) -> ProductForm:
    """What was typed, with its faults in the operator's language."""
    typed = ProductForm(
        id=product_id, name=_text(form.get("name")), brief=_text(form.get("brief")), unit=_text(form.get("unit")),
        category=_text(form.get("category")), aliases=_text(form.get("aliases")),
        attributes=_text(form.get("attributes")), price=_text(form.get("price")),
        list_price=_text(form.get("list_price")), is_on_sale=bool(form.get("is_on_sale")),
        revision=_number(form.get("revision")),
    )
    columns = [[_text(each) for each in form.getlist(f"sku_{name}")] for name in ("id", "specs", "price", "stock")]
    typed.skus = [SkuRow(*row) for row in list(zip(*columns, strict=False))[: MAX_SKUS + 1]]
    _find_faults(typed, translate)
    for row in typed.skus:
        if not row.is_blank:
            row.fault = _sku_fault(row, translate)
    return typed


def _find_faults(typed: ProductForm, translate: Translate) -> None:
    errors = typed.errors
    if not typed.name:
        errors["name"] = translate("请填写商品名称。")
    elif len(typed.name) > LONGEST_NAME:
        errors["name"] = translate("太长了。")
    if len(typed.brief) > LONGEST_BRIEF:
        errors["brief"] = translate("太长了。")
    if len(typed.unit) > 20:
        errors["unit"] = translate("太长了。")
    for name, words in (("category", typed.category), ("aliases", typed.aliases)):
        if len(_words(words)) > MAX_LINES or any(len(word) > LONGEST_WORD for word in _words(words)):
            errors[name] = translate("太长了。")
    if fen_of(typed.price) is None:
        errors["price"] = translate("价格以元为单位，最多两位小数，例如 39.90。")
    if typed.list_price and fen_of(typed.list_price) is None:
        errors["list_price"] = translate("价格以元为单位，最多两位小数，例如 39.90。")
    if (line := _bad_line(typed.attributes)) is not None:
        errors["attributes"] = translate("第%(line)s行不是「名称: 值」。", line=line)
    filled = [row for row in typed.skus if not row.is_blank]
    if not filled:
        errors["skus"] = translate("至少需要一个规格，带价格和库存。")
    elif len(typed.skus) > MAX_SKUS:
        errors["skus"] = translate("规格太多了。")


def _sku_fault(row: SkuRow, translate: Translate) -> str:
    if len(row.specs) > 200:
        return translate("太长了。")
    if fen_of(row.price) is None:
        return translate("价格以元为单位，最多两位小数，例如 39.90。")
    if COUNT.fullmatch(row.stock) is None:
        return translate("库存是不小于0的整数。")
    return ""


def _text(value: Any) -> str:
    return value.replace("\r\n", "\n").replace("\0", "").strip() if isinstance(value, str) else ""


def _number(value: Any) -> int:
    return int(value) if isinstance(value, str) and COUNT.fullmatch(value) else 0


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(word.strip() for word in SEPARATORS.split(text) if word.strip()))


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = []
    for line in text.splitlines():
        name, _, value = line.replace("：", ":", 1).partition(":")
        if name.strip():
            pairs.append((name.strip(), value.strip()))
    return pairs


def _bad_line(text: str) -> int | None:
    """The first line that is no «name: value», counted from 1; the line after the last allowed one when too many."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        name, colon, value = line.replace("：", ":", 1).partition(":")
        is_bad = not (colon and name.strip() and value.strip()) or len(name) > LONGEST_WORD or len(value) > 400
        if line.strip() and (is_bad or number > MAX_LINES):
            return number
    return None
