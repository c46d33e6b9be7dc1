"""Which drops offer a product, and at what price."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.drops import GROUPS, OFFERS, OPEN, SCHEDULED, STEPS, TABLE
from storage.products import Sku


def find_with_product(session: Session, drop_ids: Sequence[str], product_id: str) -> set[str]:
    """Those of these drops that offer a product."""
    ours = select(Sku.id).where(Sku.product_id == product_id)
    return set(session.scalars(select(OFFERS.c.drop_id).where(OFFERS.c.drop_id.in_(drop_ids), OFFERS.c.sku_id.in_(ours))))


def find_prices(session: Session, product_id: str, group_id: str) -> set[int]:
    """What a product costs in the drops that are planned or open for a group, in fen, with all tiers."""
    ours = select(Sku.id).where(Sku.product_id == product_id)
    meant = select(GROUPS.c.drop_id).where(GROUPS.c.drop_id == TABLE.c.id)
    alive = select(TABLE.c.id).where(
        TABLE.c.status.in_((SCHEDULED, OPEN)), ~meant.exists() | meant.where(GROUPS.c.group_id == group_id).exists()
    )
    prices = select(OFFERS.c.price_fen).where(OFFERS.c.sku_id.in_(ours), OFFERS.c.drop_id.in_(alive))
    tiers = select(STEPS.c.fen).where(STEPS.c.sku_id.in_(ours), STEPS.c.drop_id.in_(alive), STEPS.c.kind == "tier")
    return {*session.scalars(prices), *session.scalars(tiers)}
