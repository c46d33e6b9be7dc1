"""Checks a campaign's terms before they hold: what speaks against them, in the operator's language."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.console.visit import Visit
from content import plan_lint
from content.findings import is_blocked
from content.plan_terms import plan_of
from storage import drops, products
from storage.terms import DROP, PRODUCT, Terms


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found: (level, rule, why, what to do instead, origin); and whether it stands in the way."""

    findings: tuple[tuple[str, str, str, str, str], ...]
    is_refused: bool

    @property
    def why(self) -> str:
        """The worst of it, in a sentence."""
        return self.findings[0][2] if self.findings else ""


def check(visit: Visit, session: Session, name: str, terms: Terms) -> Checked:
    """A campaign's terms with its name, read against the rules over plans. What goods cost the shop is not known here."""
    names, prices = {}, []
    for one in terms.rewards:
        if one.scope == DROP and (drop := drops.find(session, one.target)) is not None:
            names[one.target] = drop.title
            prices += [offer.price_fen for offer in drops.find_offers(session, one.target)]
        elif one.scope == PRODUCT and (product := products.find(session, one.target)) is not None:
            names[one.target] = product.name
            prices += [sku.price_fen for sku in products.find_skus(session, one.target)]
    is_for_some = all(one.target for one in terms.rewards)
    plan = plan_of(terms, name, price_fen=min(prices, default=None) if is_for_some else None, names=names)
    found, is_english = plan_lint.check(plan), visit.language == "en"
    told = tuple(
        (one.level, one.rule, one.why_en if is_english else one.why, one.rewrite_en if is_english else one.rewrite, one.origin)
        for one in found
    )
    return Checked(told, is_blocked(found))
