"""What a passage says at this moment, from the live rows: the only ground an answer may stand on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from content import render
from content.render import BrokenTemplate, money
from storage import faq, products
from storage.products import ProductFacts

LONGEST = 1_200  # characters of one source


@dataclass(frozen=True, slots=True)
class Source:
    """A passage's words now. `title` only says what it is about and states nothing; `names` are a product's."""

    id: str
    title: str
    text: str
    names: tuple[str, ...] = ()


def find(session: Session, passage_id: str, values: Mapping[str, Any]) -> Source | None:
    """The source of a passage, its template filled with these values; None when it is gone or cannot be said."""
    kind, _, row_id = passage_id.partition(":")
    return _of_entry(session, row_id, values) if kind == "faq" else _of_product(session, row_id)


def find_all(session: Session, passage_ids: Iterable[str], values: Mapping[str, Any]) -> list[Source]:
    """The sources of these passages that are still there, in their order."""
    found = (find(session, passage_id, values) for passage_id in passage_ids)
    return [source for source in found if source is not None]


def _of_entry(session: Session, entry_id: str, values: Mapping[str, Any]) -> Source | None:
    entry = faq.find(session, entry_id)
    if entry is None or not entry.is_enabled:
        return None
    try:
        answer = render.render(entry.answer, values)
    except BrokenTemplate:
        return None
    return Source(f"faq:{entry_id}", entry.question, answer[:LONGEST])


def _of_product(session: Session, product_id: str) -> Source | None:
    facts = products.find_facts(session, product_id)
    product = products.find(session, product_id)
    if facts is None or product is None:
        return None
    text = "\n".join(_lines(facts))[:LONGEST]
    return Source(f"product:{product_id}", facts.name, text, (facts.name, *product.alias_list))


def _lines(facts: ProductFacts) -> list[str]:
    """One line a fact, so that each can be quoted alone."""
    lines = [facts.brief] if facts.brief else []
    lines += [f"{name}：{value}" for name, value in facts.attributes.items()]
    if not facts.is_on_sale:
        return [*lines, "没有上架"]
    if len({sku.price_fen for sku in facts.skus}) < 2:
        price = facts.skus[0].price_fen if facts.skus else facts.price_fen
        lines.append(f"{money(price)}，每{facts.unit}" if facts.unit else money(price))
    left = [f"还剩 {sku.stock} 份" if sku.stock else "已售完" for sku in facts.skus]
    if len(left) == 1:
        return [*lines, left[0]]
    kinds = zip(facts.skus, left, strict=True)
    return [*lines, *(f"{sku.label}，{money(sku.price_fen)}，{stock}" for sku, stock in kinds)]
