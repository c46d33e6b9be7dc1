"""Says answers: an entry's own words, or a product's facts from its live rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot.context import Shop
from bot.outbox import Conversation, Outbox, Text
from content import render
from content.knowledge import Candidate
from storage import faq, products
from storage.products import ProductFacts

FEW = 10  # from here on we say how many are left
MAX_SKUS = 6


def answered(session: Session, outbox: Outbox, here: Conversation, best: Candidate, shop: Shop) -> bool:
    """Say the answer behind a candidate; False when its row is gone or has no such fact."""
    kind, _, row_id = best.passage_id.partition(":")
    if kind == "faq":
        answer = faq.find_answer(session, row_id)
        if answer is None:
            return False
        entry_said(outbox, here, answer, shop)
        return True
    facts = products.find_facts(session, row_id)
    return facts is not None and product_said(outbox, here, facts, best.aspect or "about")


def entry_said(outbox: Outbox, here: Conversation, answer: str, shop: Shop) -> None:
    """An FAQ entry's answer: the shop's own words."""
    outbox.put(here, Text(render.render(answer, answer_values(shop)), here.member_id))


def answer_values(shop: Shop) -> Mapping[str, Any]:
    """What an FAQ answer may name: shop, bot_name."""
    return {"shop": shop.name, "bot_name": shop.bot_name}


def product_said(outbox: Outbox, here: Conversation, facts: ProductFacts, aspect: str) -> bool:
    """One fact of a product, or what it is; False when the fact asked for is not known."""
    values: dict[str, Any] = {
        "name": facts.name, "brief": facts.brief, "unit": facts.unit, "is_on_sale": facts.is_on_sale,
        "price_fen": facts.price_fen, "list_price_fen": facts.list_price_fen,
        "skus": [{"label": sku.label, "price_fen": sku.price_fen, "stock": sku.stock} for sku in facts.skus[:MAX_SKUS]],
        "low": min((sku.price_fen for sku in facts.skus), default=facts.price_fen),
        "high": max((sku.price_fen for sku in facts.skus), default=facts.price_fen),
        "stock": sum(sku.stock for sku in facts.skus), "few": FEW,
    }
    template = f"faq/product_{aspect}"
    if aspect.startswith("attribute:"):
        name = aspect.removeprefix("attribute:")
        if name not in facts.attributes:
            return False
        values |= {"attribute": name, "value": facts.attributes[name]}
        template = "faq/product_attribute"
    outbox.say(here, template, mention=here.member_id, **values)
    return True
