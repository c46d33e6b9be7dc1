"""Says answers: an entry's own words, or a product's facts from its live rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.context import Shop
from bot.outbox import Button, Card, Conversation, Outbox, Text
from content import render
from content.knowledge import Candidate
from handlers.faq import rules
from storage import faq, products
from storage.products import ProductFacts

FEW = 10  # from here on we say how many are left
MAX_SKUS = 6
ASKS = {"price": "多少钱", "stock": "还有货吗", "spec": "有什么规格"}  # words that ask a product's fact


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


def quoted(outbox: Outbox, here: Conversation, answer: str) -> None:
    """The model's answer, which the guard found word for word in its sources."""
    outbox.put(here, Text(answer, here.member_id))


def pointed(outbox: Outbox, here: Conversation, answer: str, answered_at: datetime) -> None:
    """Where the answer stands already: its time and first words."""
    outbox.say(here, "faq/pointed", mention=here.member_id, answered_at=answered_at, words=rules.first_words(answer))


def asked_back(session: Session, outbox: Outbox, here: Conversation, close: Sequence[Candidate]) -> bool:
    """Ask which of a few questions is meant, with a button for each; False when fewer than two are still known."""
    titles = [title for one in close if (title := _question_of(session, one)) is not None]
    if len(titles) < 2:
        return False
    heading, person = outbox.words.render("faq/asked_back", here.language, {}).splitlines()
    buttons = tuple(Button(title[:40], say=title) for title in titles)
    outbox.put(here, Card(heading, buttons=(*buttons, Button(person, say="转人工"))))
    return True


def _question_of(session: Session, candidate: Candidate) -> str | None:
    """The question that leads to this candidate for certain."""
    kind, _, row_id = candidate.passage_id.partition(":")
    if kind == "faq":
        entry = faq.find(session, row_id)
        return None if entry is None else entry.question
    product = products.find(session, row_id)
    return None if product is None else f"{product.name}{ASKS.get(candidate.aspect or '', '怎么样')}"


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
