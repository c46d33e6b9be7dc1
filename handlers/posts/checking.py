"""The one place where a post's words are checked: when it is saved, with samples, and again before it is said, live."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.values import Subject
from content import lint
from content.findings import BLOCK, WARN, Finding
from handlers.posts import shop_words
from storage import drop_products, products

LONG = 1_000  # characters; some channels cut longer messages


def check(session: Session, text: str, kind: str, subject: Subject | None = None) -> list[Finding]:
    """What speaks against saying these rendered words in a post of this kind. Without a subject they are checked for the
    library; with one, just before they are said. A finding of level «block» keeps them from being saved or said."""
    findings = []
    if not text.strip():
        findings.append(Finding(BLOCK, "empty", "", "nothing would be said"))
    if len(text) > LONG:
        findings.append(Finding(WARN, "long", text[:20], f"more than {LONG} characters"))
    ours = shop_words.find(session)
    if subject is None:
        known = lint.Facts(hosts=ours.hosts, contacts=ours.contacts)
        return findings + lint.check(text, known, ours.dictionary)
    today = subject.at.astimezone(ZoneInfo(subject.time_zone)).date()
    offered: tuple[lint.Offered, ...] = ()
    if subject.product_id:
        product = products.find_facts(session, subject.product_id)
        if product is None or not product.is_on_sale:
            findings.append(Finding(BLOCK, "product_gone", subject.product_id, "the product is no longer on sale"))
        else:
            stocks = [sku.stock for sku in product.skus]
            dropped = drop_products.find_prices(session, subject.product_id, subject.group_id)
            prices = (product.price_fen, *(sku.price_fen for sku in product.skus), *dropped)
            offered = (lint.Offered(product.name, prices, (), product.list_price_fen, sum(stocks) if stocks else None),)
    known = lint.Facts(
        today=today, products=offered, hosts=ours.hosts | ({subject.host} - {""}), contacts=ours.contacts
    )
    return findings + lint.check(text, known, ours.dictionary)
