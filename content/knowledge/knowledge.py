"""The retriever: everything the shop knows, searched by what a member asks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from threading import Lock

from content.knowledge.analysis import Reader
from content.knowledge.faq import FaqIndex
from content.knowledge.passages import Candidate, Passage, Spoken
from content.knowledge.products import Catalogue

SPEAK_ADDRESSED = 0.36  # mentioned or private: a wrong answer costs less than silence
SPEAK_UNADDRESSED = 0.65  # into the talk of others only when nearly sure

KEPT_SEARCHES = 1_000
_NAMED = 0.3  # how sure we must be that a product is spoken of at all


@dataclass(frozen=True, slots=True)
class _Found:
    """What a search found; `points_back`: the text speaks of something said before, so its context counts."""

    candidates: list[Candidate]
    points_back: bool
    context: Spoken | None


class Knowledge:
    """FAQ entries and products in one search; safe to change while other threads search."""

    def __init__(self, passages: Iterable[Passage] = (), synonyms: Iterable[tuple[str, ...]] = ()) -> None:
        self._lock = Lock()
        self._synonyms = tuple(synonyms)
        self._found: OrderedDict[tuple[str, int, Spoken | None], _Found] = OrderedDict()
        self.version = 0
        self.replace(passages)

    def __len__(self) -> int:
        return len(self._faq) + len(self._catalogue)

    def put(self, passage: Passage) -> None:
        """Adds the passage, or takes the place of the one with its id."""
        with self._lock:
            (self._faq if passage.kind == "faq" else self._catalogue).put(passage)
            self._changed()

    def remove(self, passage_id: str) -> None:
        with self._lock:
            self._faq.remove(passage_id)
            self._catalogue.remove(passage_id)
            self._changed()

    def replace(self, passages: Iterable[Passage]) -> None:
        """Everything anew; searches go on in what was known until the new index stands."""
        reader = Reader(self._synonyms)
        faq, catalogue = FaqIndex(reader), Catalogue(reader)
        for passage in passages:
            (faq if passage.kind == "faq" else catalogue).put(passage)
        with self._lock:
            self._reader, self._faq, self._catalogue = reader, faq, catalogue
            self._changed()

    def _changed(self) -> None:
        self.version += 1
        self._found.clear()

    def search(
        self, text: str, *, limit: int = 3, context: Spoken | None = None, is_wide: bool = False
    ) -> list[Candidate]:
        """The best candidates, best first; none when nothing known has anything in common with the text. Neighbours
        ask the same things again and again: what was found is kept, for texts that differ in padding only, until the
        knowledge changes. A wide search finds more that is hardly the answer, for a language model to choose from."""
        with self._lock:
            core = self._reader.core(text) or text
            many = -limit if is_wide else limit
            known = self._found.get((core, many, context)) or self._found.get((core, many, None))
            version = self.version
        if known is None or (known.points_back and context is not None and known.context != context):
            known = self._look_up(text, core, limit, context, is_wide)
            with self._lock:
                if version == self.version:
                    self._found[core, many, context if known.points_back else None] = known
                    if len(self._found) > KEPT_SEARCHES:
                        self._found.popitem(last=False)
        return list(known.candidates)

    def _look_up(self, text: str, core: str, limit: int, context: Spoken | None, is_wide: bool) -> _Found:
        with self._lock:
            certain = self._faq.word_for_word(core)
            if certain is not None:
                return _Found([certain], False, context)
            question = self._reader.hear(text)
            entries = self._faq.search(question, limit, is_wide=is_wide)
            if not len(self._catalogue):
                return _Found(entries, False, context)
            points_back = self._catalogue.points_back(question)
            products = self._catalogue.search(question, self._spoken_of(context) if points_back else None)[:limit]
        if products and _is_definite(products[0]):
            entries = [_less_sure(entry) for entry in entries]
        both = sorted([*entries, *products], key=lambda each: (-each.confidence, each.passage_id))
        return _Found(both[:limit], points_back, context)

    def _spoken_of(self, context: Spoken | None) -> Spoken | None:
        """A quoted message that names a product says what «这个» is; else what was spoken of last."""
        if context is None or not context.quoted:
            return context
        found = self._catalogue.search(self._reader.hear(context.quoted))
        for product in found:
            if product.signals["whole_name"] or product.signals["topic"] >= _NAMED:
                return replace(context, product_id=product.passage_id)
        return context


def _is_definite(product: Candidate) -> bool:
    """Whether the question names a product and a fact we can look up."""
    asks = product.aspect in ("price", "stock") or product.signals["attribute"] > 0.0
    return asks and product.signals["topic"] >= _NAMED


def _less_sure(entry: Candidate) -> Candidate:
    """An entry that only shares the product's name is the lesser answer to a question about its facts."""
    if entry.signals["ratio_read"] >= 0.8:
        return entry
    return replace(entry, confidence=entry.confidence * 0.5)
