"""Finds the FAQ entry a question means."""

from __future__ import annotations

from dataclasses import dataclass

from content.knowledge.analysis import Analysis, Reader
from content.knowledge.features import NAMES, RANKED_BY, Entry, Rarity, describe
from content.knowledge.passages import Candidate, Passage
from content.knowledge.postings import Postings
from content.knowledge.ranking import CONFIDENCE, beside_the_others, linear
from content.knowledge.weights import probability

ANSWER_READ = 200  # characters of an answer
_SOUND = NAMES.index("ratio_sound")
CONSIDERED = 6  # entries compared closely at most
BEHIND = 0.5  # an entry whose first score is less than this share of the best one's is never the answer
HOPELESS = 0.13  # nor is any, when the best first score is less
LEAST_CORE = 4  # characters; a shorter text may mean anything
WORD_FOR_WORD, WORD_FOR_WORD_SCORE = 0.99, 10.0


@dataclass(frozen=True, slots=True)
class Considered:
    passage_id: str
    features: list[float]


class FaqIndex:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._postings = Postings()
        self._slots: dict[str, int] = {}
        self._entries: dict[int, Passage] = {}
        self._said: dict[str, set[str]] = {}  # a text without its padding → the entries that hold it

    def __len__(self) -> int:
        return len(self._slots)

    def put(self, passage: Passage) -> None:
        self.remove(passage.id)
        texts = [self._reader.terms(text) for text in _texts(passage)]
        slot = self._postings.add(texts, self._reader.terms(passage.answer[:ANSWER_READ]))
        self._slots[passage.id] = slot
        self._entries[slot] = passage
        for text in _texts(passage):
            self._said.setdefault(self._reader.core(text), set()).add(passage.id)

    def remove(self, passage_id: str) -> None:
        slot = self._slots.pop(passage_id, None)
        if slot is None:
            return
        for text in _texts(self._entries.pop(slot)):
            self._said.get(self._reader.core(text), set()).discard(passage_id)
        self._postings.remove(slot)
        if self._postings.slots > 2 * len(self._slots) + 64:
            self._compact()

    def word_for_word(self, core: str) -> Candidate | None:
        """The one entry that holds this very text, padding and punctuation aside: no need to weigh anything."""
        holders = self._said.get(core, set()) if len(core) >= LEAST_CORE else set()
        if len(holders) != 1:
            return None
        return Candidate(next(iter(holders)), WORD_FOR_WORD_SCORE, WORD_FOR_WORD, None, {"word_for_word": 1.0})

    def consider(self, question: Analysis, *, is_wide: bool = False) -> list[Considered]:
        """The entries worth a closer look, with their features; the raw material of training too. A wide look takes in
        those that are hardly the answer, for a language model to choose from."""
        found = self._postings.best(question.terms, CONSIDERED) if self._slots else []
        if not found or (found[0][0] < HOPELESS and not is_wide):
            return []
        rarity = Rarity(question, self._postings)
        considered = []
        for score, slot, top in found:
            if score < BEHIND * found[0][0] and not is_wide:
                break
            entry = self._entries[slot]
            texts = _texts(entry)
            closest = [self._reader.recall(texts[at]) for _, at in top[:2]]
            units = closest[0].units.union(*[each.units for each in closest[1:]])
            mean = sum([cosine for cosine, _ in top]) / len(top)
            whole = Entry(units, self._reader.recall(entry.answer[:ANSWER_READ]), len(texts))
            features = describe(question, rarity, closest[0], top[0][0], mean, whole)
            considered.append(Considered(entry.id, features))
        return considered

    def search(self, question: Analysis, limit: int, *, is_wide: bool = False) -> list[Candidate]:
        considered = self.consider(question, is_wide=is_wide)
        if not considered:
            return []
        rank, confide = linear("rank", RANKED_BY), linear("confidence", CONFIDENCE)
        scores = [rank(each.features) for each in considered]
        candidates = []
        order = sorted(range(len(scores)), key=lambda at: (-scores[at], considered[at].passage_id))
        for place in order[:limit]:
            each = considered[place]
            standing = beside_the_others(scores, place)
            confidence = probability(confide([*each.features, *standing]))
            if not question.read and each.features[_SOUND] < 1.0:
                confidence = 0.0  # nothing but a greeting, which is not the entry's
            signals = dict(zip(CONFIDENCE, [*each.features, *standing], strict=True))
            candidates.append(Candidate(each.passage_id, scores[place], confidence, None, signals))
        return candidates

    def _compact(self) -> None:
        entries = list(self._entries.values())
        self._postings, self._slots, self._entries, self._said = Postings(), {}, {}, {}
        for entry in entries:
            self.put(entry)


def _texts(passage: Passage) -> tuple[str, ...]:
    return (passage.question, *passage.phrasings)
