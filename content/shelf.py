"""What the shop knows, as passages: FAQ entries and products, kept in step with the database."""

from __future__ import annotations

import threading

from content.knowledge import Knowledge, Passage
from storage import faq, products, revisions
from storage.database import Database
from storage.faq import FaqEntry
from storage.products import Product, Sku


def of_entry(entry: FaqEntry) -> Passage:
    return Passage(
        id=f"faq:{entry.id}", kind="faq", question=entry.question, phrasings=tuple(entry.phrasing_list),
        answer=entry.answer, category=entry.category,
    )


def of_product(product: Product, skus: list[Sku]) -> Passage:
    labels = tuple(label for sku in skus if (label := sku.label))
    return Passage(
        id=f"product:{product.id}", kind="product", question=product.name, answer=product.brief,
        names=(*product.alias_list, *labels), attributes=tuple(product.attribute_list),
        category=" ".join(product.category_list),
    )


class Shelf:
    """The knowledge in memory and how much of the database it has seen; `refresh` from any thread."""

    def __init__(self, database: Database, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._database = database
        self._seen = -1
        self._turn = threading.Lock()

    def refresh(self) -> bool:
        """Take over what changed since the last look; True when something did."""
        with self._turn, self._database.read() as session:
            newest = revisions.count(session)
            if newest == self._seen:
                return False
            changed_entries = faq.find_changed(session, self._seen)
            changed_products = products.find_changed(session, self._seen)
            skus = products.find_skus_of(session, [product.id for product in changed_products])
            passages = [of_entry(entry) for entry in changed_entries if entry.is_enabled and entry.deleted_at is None]
            passages += [of_product(one, skus[one.id]) for one in changed_products if one.deleted_at is None]
            gone = [f"faq:{one.id}" for one in changed_entries if not one.is_enabled or one.deleted_at is not None]
            gone += [f"product:{one.id}" for one in changed_products if one.deleted_at is not None]
            if self._seen < 0:
                self.knowledge.replace(passages)
            else:
                for passage in passages:
                    self.knowledge.put(passage)
                for passage_id in gone:
                    self.knowledge.remove(passage_id)
            self._seen = newest
        return True
