"""The FAQ test bench: what we would answer to a text, and why, by the very rules the groups are answered with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.console.desk import Desk
from bot.context import Shop
from bot.events import MessageReceived
from bot.outbox import Conversation, Outbox
from bot.routing import Router
from content.knowledge import (
    QUESTION_THRESHOLD,
    SPEAK_ADDRESSED,
    SPEAK_UNADDRESSED,
    Candidate,
    Knowledge,
    question_likelihood,
)
from content.render import BrokenTemplate, Words
from handlers.faq import messages, rules
from handlers.faq.rules import Question
from storage import faq, products

LONGEST_TEXT = 500
CANDIDATES = 5
ANSWERED, SILENT, HANDED_OVER, ELSEWHERE = "answered", "silent", "handover", "elsewhere"
FEW_SIGNALS = 6


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate with its title and the words it would answer with."""

    passage_id: str
    kind: str
    row_id: str
    title: str
    score: float
    confidence: float
    aspect: str | None
    is_sure: bool
    answer: str | None
    strongest: Sequence[tuple[str, float]]
    signals: Sequence[tuple[str, float]]

    @property
    def answer_name(self) -> str:
        """What the answer is called in the log: the passage, and the fact of a product."""
        return self.passage_id if self.aspect is None else f"{self.passage_id} {self.aspect}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would happen: the decision, its reason, and every number it rests on."""

    text: str
    is_addressed: bool
    decision: str
    why: str
    heard_by: str | None
    likelihood: float
    found: Sequence[Found]
    threshold: float  # confidence wanted before we speak
    question_threshold: float = rules.PERHAPS_A_QUESTION
    clear_question: float = QUESTION_THRESHOLD
    speak_addressed: float = SPEAK_ADDRESSED
    speak_unaddressed: float = SPEAK_UNADDRESSED
    speak_perhaps: float = rules.VERY_SURE

    @property
    def answer(self) -> str | None:
        return self.found[0].answer if self.decision == ANSWERED and self.found else None


@dataclass(frozen=True, slots=True)
class Bench:
    """The parts of the running operator the bench tries a text on; it says and keeps nothing."""

    session: Session
    router: Router
    words: Words
    knowledge: Knowledge
    shop: Shop
    now: datetime

    @classmethod
    def of(cls, session: Session, desk: Desk) -> Bench:
        parts = desk.dispatcher.parts
        return cls(session, parts.router, parts.words, desk.shelf.knowledge, desk.shop, desk.now())

    def judge(self, text: str, is_addressed: bool) -> Verdict:
        text = text[:LONGEST_TEXT]
        message = MessageReceived(
            key="bench", lane="bench", occurred_at=self.now, channel="bench", conversation="bench", group_id="bench",
            text=text, is_to_us=is_addressed,
        )
        understood = self.router.understand(message)
        heard_by = understood[0].feature if understood is not None else None
        likelihood = question_likelihood(text)
        asked = Question(rules.MENTION.sub("", text).strip(), is_addressed, likelihood)
        is_question = understood is not None and isinstance(understood[1], Question)
        if understood is not None and is_question:
            asked = understood[1]
        found = [self._found(each, asked) for each in self.nearest(asked.text)]
        decision, why = _decide(heard_by, is_question, found, is_addressed)
        wanted = rules.confidence_wanted(asked)
        return Verdict(text, is_addressed, decision, why, heard_by, likelihood, found, wanted)

    def nearest(self, text: str, limit: int = CANDIDATES) -> list[Candidate]:
        return self.knowledge.search(text, limit=limit) if text else []

    def answer_of(self, candidate: Candidate) -> str | None:
        """The words this candidate would answer with; None when its row is gone or its template broken."""
        outbox = Outbox(self.words, self.now)
        here = Conversation("bench", "bench", language=self.shop.language)
        try:
            is_said = messages.answered(self.session, outbox, here, candidate, self.shop)
        except BrokenTemplate:
            return None
        return str(outbox.rows[0]["text"]) if is_said and outbox.rows else None

    def title_of(self, passage_id: str) -> str:
        kind, _, row_id = passage_id.partition(":")
        if kind == "faq":
            entry = faq.find(self.session, row_id)
            return passage_id if entry is None else entry.question
        product = products.find(self.session, row_id)
        return passage_id if product is None else product.name

    def _found(self, candidate: Candidate, judged: Question) -> Found:
        kind, _, row_id = candidate.passage_id.partition(":")
        signals = sorted(candidate.signals.items(), key=lambda signal: (-abs(signal[1]), signal[0]))
        return Found(
            candidate.passage_id, kind, row_id, self.title_of(candidate.passage_id), candidate.score,
            candidate.confidence, candidate.aspect, rules.is_sure(candidate, judged), self.answer_of(candidate),
            signals[:FEW_SIGNALS], signals,
        )


def _decide(
    heard_by: str | None, is_question: bool, found: Sequence[Found], is_addressed: bool
) -> tuple[str, str]:
    """The decision and the name of its reason."""
    if heard_by is None:
        return SILENT, "no question"
    if not is_question:
        return ELSEWHERE, "another feature"
    if found and found[0].is_sure and found[0].answer is not None:
        return ANSWERED, "sure"
    why = "nothing known" if not found else "unsure" if not found[0].is_sure else "no words"
    return (HANDED_OVER if is_addressed else SILENT), why
