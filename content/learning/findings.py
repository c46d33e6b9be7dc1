"""Judges one interaction: a question that found no answer, an answer that did not help, a wish, a passage used."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from content.knowledge import QUESTION_THRESHOLD, Knowledge, question_likelihood
from content.knowledge.text import normalise, units, without_punctuation
from content.learning.clustering import Clusters, cosine
from content.learning.demand import RESTOCK, VARIANT, parse_wish
from content.masking import on_one_line
from storage import handovers, learning, products
from storage.base import AnyRow
from storage.demands import SOLD_OUT, Wished
from storage.proposals import ASKED_AGAIN, CLARIFIED, MISSED, WRITTEN, Found

RESOLVED_AFTER = timedelta(minutes=30)
CLARIFIED_WITHIN = timedelta(minutes=2)
SPOKEN_WITHIN = timedelta(minutes=5)
SAME_QUESTION = 0.5  # likeness from which a member's second question is the first one again
SAME_FACT = 0.85  # and where both name a product, which makes them alike already
NAMED = 0.3  # confidence from which a message is about a product
ASKING = ("answered", "pointed", "asked_back", "unanswered", "handover")
PLACEHOLDER = re.compile("〔[^〕]{1,4}〕")
# Said to us, a statement may ask as well: «我要开发票», «链接打不开了».
REQUEST = re.compile("我要|我想|想要|帮我|帮忙|麻烦|请|能|可以|需要|没收到|还没|坏了|少了|漏了|打不开|不了|失败|错了|not work|please", re.IGNORECASE)
PERHAPS_A_QUESTION = 0.4
RELATED = 0.2  # likeness from which a second wording is one of the first
PERSON = re.compile("人工|真人|客服|human|agent", re.IGNORECASE)
SHORTEST_ANSWER, LONGEST_ANSWER = 6, 1_000


@dataclass(slots=True)
class Findings:
    """What a round of reading found."""

    asked: list[Found] = field(default_factory=list)
    wished: list[Wished] = field(default_factory=list)
    unresolved: list[dict[str, Any]] = field(default_factory=list)
    uses: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    unhelpful: set[int] = field(default_factory=set)


def passage_of(reason: str | None) -> str:
    """The passage a decision's reason names: «faq:x», «product:y price», «unsure: faq:x»; empty for none."""
    named = (reason or "").removeprefix("unsure: ").partition(" ")[0]
    return named if named.startswith(("faq:", "product:")) else ""


def key_of(text: str) -> str:
    """What two wordings have in common when they differ in marks, case and width only."""
    return without_punctuation(normalise(text), "")


def worth_asking(text: str) -> str | None:
    """The text without personal data when it asks something; None for talk, and for calls for a person."""
    shown = on_one_line(text)
    rest = PLACEHOLDER.sub("", shown)
    if len(units(normalise(rest))) < 3 or (len(rest) <= 24 and PERSON.search(rest)):
        return None
    asks = question_likelihood(rest) >= PERHAPS_A_QUESTION or REQUEST.search(rest)
    return shown if asks else None


class Finder:
    """Looks at interactions with the talk around them, in one reading session."""

    def __init__(self, session: Session, knowledge: Knowledge, clusters: Clusters) -> None:
        self._session, self._knowledge, self._shape = session, knowledge, clusters.shape

    def look_at(self, row: AnyRow, found: Findings) -> None:
        if row.kind == "OperatorSpoke":
            self._written(row, found)
            return
        passage_id = passage_of(row.reason)
        if row.outcome == "answered" and passage_id:
            times, _ = found.uses.get(passage_id, (0, row.received_at))
            found.uses[passage_id] = (times + 1, row.received_at)
        if row.member_id is not None and row.outcome in ASKING:
            self._did_not_help(row, found)
        if is_missed(row):
            self._missed(row, found)
        if row.member_id is not None:
            self._wished(row, found)

    def _missed(self, row: AnyRow, found: Findings) -> None:
        target = None
        if row.member_id is not None and row.outcome != "silent":
            target = self._clarified(row)
            if target == "":
                return
        self._ask(row, CLARIFIED if target else MISSED, found, target_id=target)

    def _clarified(self, row: AnyRow) -> str | None:
        """The FAQ entry that answered when the member put it otherwise at once; empty when a product did."""
        later = learning.find_around(
            self._session, row.member_id, row.conversation, since=row.received_at,
            until=row.received_at + CLARIFIED_WITHIN,
        )
        for other in reversed(later):
            passage_id = passage_of(other.reason)
            is_answered = other.id > row.id and other.outcome == "answered" and passage_id != ""
            if is_answered and (passage_id in (row.reason or "") or self._likeness(row, other) >= RELATED):
                return passage_id.removeprefix("faq:") if passage_id.startswith("faq:") else ""
        return None

    def _did_not_help(self, row: AnyRow, found: Findings) -> None:
        """Mark the member's last answer as unresolved when this asks the same again or went to a person."""
        earlier = learning.find_around(
            self._session, row.member_id, row.conversation, since=row.received_at - RESOLVED_AFTER,
            until=row.received_at,
        )
        for other in earlier:
            passage_id = passage_of(other.reason)
            if other.id >= row.id or other.outcome != "answered" or not passage_id:
                continue
            why = "person" if row.outcome == "handover" else "asked_again" if self._is_same(row, other) else None
            is_new = other.id not in found.unhelpful and not learning.is_unresolved(self._session, other.id)
            if why is not None and is_new:
                found.unhelpful.add(other.id)
                found.unresolved.append(
                    {
                        "inbox_id": other.id, "by_id": row.id, "why": why, "group_id": other.group_id,
                        "passage_id": passage_id, "answered_at": other.received_at,
                    }
                )
                if passage_id.startswith("faq:"):
                    self._ask(other, ASKED_AGAIN, found)
            return

    def _is_same(self, row: AnyRow, other: AnyRow) -> bool:
        # A product has many facts: asking for the next one is no complaint about the first.
        if row.reason == other.reason and passage_of(row.reason).startswith("faq:"):
            return True
        is_same_passage = passage_of(row.reason) == passage_of(other.reason)
        return self._likeness(row, other) >= (SAME_FACT if is_same_passage else SAME_QUESTION)

    def _likeness(self, row: AnyRow, other: AnyRow) -> float:
        one, two = self._shape(on_one_line(row.text)), self._shape(on_one_line(other.text or ""))
        return 0.0 if one is None or two is None else cosine(one.vector, two.vector)

    def _written(self, row: AnyRow, found: Findings) -> None:
        """An operator's answer on a handover, under the question that led to it."""
        said = json.loads(row.detail or "{}")
        handover_id = said.get("handover_id")
        answer = mask_answer(row.text)
        if not isinstance(handover_id, int) or len(answer) < SHORTEST_ANSWER:
            return
        handover = handovers.find_by_id(self._session, handover_id)
        if handover is None:
            return
        # The member may have asked other things since the handover was opened: the last one is what is answered.
        said_before = learning.find_around(
            self._session, handover.member_id, handover.conversation, since=row.received_at - RESOLVED_AFTER,
            until=row.received_at,
        )
        asked = [one.text for one in said_before if one.id < row.id and one.text and one.outcome != "answered"]
        question = next((shown for one in [*asked, handover.question] if (shown := worth_asking(one))), None)
        if question is None:
            return
        found.asked.append(
            Found(
                key_of(question)[:200], question, WRITTEN, handover.group_id, row.id, row.received_at,
                answer=answer, answered_by=str(said.get("operator_name", ""))[:60],
            )
        )

    def _ask(self, row: AnyRow, why: str, found: Findings, target_id: str | None = None) -> None:
        text = worth_asking(row.text)
        if text is not None:
            one = Found(key_of(text)[:200], text, why, row.group_id, row.id, row.received_at, target_id=target_id)
            found.asked.append(one)

    def _wished(self, row: AnyRow, found: Findings) -> None:
        wish = parse_wish(row.text)
        product_id = self._product_of(row, looks_further=wish is not None)
        kind, wanted = (wish.kind, wish.wanted) if wish is not None else (SOLD_OUT, "")
        facts = products.find_facts(self._session, product_id) if product_id else None
        if wish is None and (facts is None or is_to_be_had(facts)):
            return
        if kind == VARIANT and facts is not None:
            had = [sku for sku in facts.skus if wanted in normalise(sku.label)]
            if any(sku.stock > 0 for sku in had) and facts.is_on_sale:
                return
        if kind == RESTOCK and facts is None and not is_question(row):
            return
        if kind == RESTOCK and facts is not None and is_to_be_had(facts):
            return
        found.wished.append(
            Wished(
                product_id, kind, wanted[:40], on_one_line(row.text), row.member_id, row.group_id or "", row.id,
                row.received_at,
            )
        )

    def _product_of(self, row: AnyRow, *, looks_further: bool) -> str:
        """The product a message is about: the one it was answered with, the one it names, or the one spoken of."""
        passage_id = passage_of(row.reason)
        if passage_id.startswith("product:"):
            return passage_id.removeprefix("product:")
        if not looks_further:
            return ""
        for candidate in self._knowledge.search(row.text, limit=8):
            signals = candidate.signals
            is_named = signals.get("whole_name", 0.0) > 0.0 or signals.get("topic", 0.0) >= NAMED
            if candidate.passage_id.startswith("product:") and is_named:
                return candidate.passage_id.removeprefix("product:")
        spoken = learning.find_product_spoken_of(
            self._session, row.conversation, row.id, row.received_at - SPOKEN_WITHIN
        )
        return passage_of(spoken).removeprefix("product:")


def is_question(row: AnyRow) -> bool:
    return question_likelihood(row.text) >= QUESTION_THRESHOLD


def is_missed(row: AnyRow) -> bool:
    """Asked of us and not answered; or asked of nobody, heard as a question, and nothing known was sure enough."""
    if row.outcome in ("unanswered", "asked_back"):
        return True
    if row.outcome == "handover":
        return bool(row.heard_by != "service")  # who asks for a person asks nothing else with it
    reason: str = row.reason or ""
    is_unsure: bool = row.outcome == "silent" and reason.startswith(("unsure: ", "nothing known"))
    return is_unsure and is_question(row)


def is_to_be_had(facts: products.ProductFacts) -> bool:
    return facts.is_on_sale and (not facts.skus or any(sku.stock > 0 for sku in facts.skus))


def mask_answer(text: str) -> str:
    """An operator's answer without the member's data, line by line."""
    return "\n".join(shown for line in text[:LONGEST_ANSWER].splitlines() if (shown := on_one_line(line)))

