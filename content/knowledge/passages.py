"""What the retriever knows and what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Passage:
    """One thing we know. `id` is `faq:<id>` or `product:<id>`; `question` is a product's name for products."""

    id: str
    kind: Literal["faq", "product"]
    question: str
    phrasings: tuple[str, ...] = ()
    answer: str = ""
    names: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    category: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may answer. `confidence` is the calibrated probability that it is the right one;
    `aspect` says which fact of a product is asked: price, stock, spec, about, attribute:<name>."""

    passage_id: str
    score: float
    confidence: float
    aspect: str | None = None
    signals: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the conversation is about: the product spoken of last, and the text of a quoted message."""

    product_id: str | None = None
    quoted: str = ""
