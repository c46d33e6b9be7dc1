"""The inverted index: which texts of which passages hold a character or a pair of them, and a first score."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from content.knowledge.analysis import Analysis

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
ANSWER_SHARE = 0.5  # of how close the answer is, in the first score of an entry
_REMEMBERED = 20_000
_EMPTY = np.zeros(0, np.int32)
PAIR_SHARE = 0.3  # a pair's share of the squared weight a single character would have


class Postings:
    """Texts are added passage by passage and removed by passage; weights follow at the next search."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._postings: list[Ints] = []
        self._loose: dict[int, list[int]] = {}  # added since the last search
        self._shares: list[float] = []
        self._holders: list[int] = []  # passages holding the term
        self._texts: list[Ints] = []  # the terms of each text
        self._first: list[int] = [0]  # the first text of each passage slot, and past the last
        self._alive: list[bool] = []
        self._stale = True
        self.weights = _Remembered(self._weigh)  # how rarely the base holds a term
        self._term_squares: Floats = np.zeros(0)
        self._lengths: Floats = np.zeros(0)
        self._starts: Ints = np.zeros(0, np.int32)

    def __len__(self) -> int:
        return sum(self._alive)

    @property
    def slots(self) -> int:
        return len(self._alive)

    def add(self, texts: Sequence[Analysis], answer: Analysis) -> int:
        """Adds one passage, its texts and its answer, and returns its slot."""
        slot = len(self._alive)
        self._alive.append(True)
        held: set[int] = set()
        for text in (*texts, answer):
            number = len(self._texts)
            singles, pairs = _terms(text)
            terms = [self._number(term, 1.0) for term in singles]
            terms += [self._number(term, PAIR_SHARE) for term in pairs]
            for term in terms:
                self._loose.setdefault(term, []).append(number)
            self._texts.append(np.array(terms, np.int32))
            if text is not answer:  # what only an answer says is still unheard of as a question
                held.update(terms)
        for term in held:
            self._holders[term] += 1
        self._first.append(len(self._texts))
        self._stale = True
        return slot

    def remove(self, slot: int) -> None:
        *texts, _ = self._texts[self._span(slot)]
        for term in set(np.concatenate(texts).tolist()):
            self._holders[term] -= 1
        self._alive[slot] = False
        self._stale = True

    def _weigh(self, term: str) -> float:
        """How rarely the base holds the term: near 0 when every passage does, 1 when none."""
        number = self._numbers.get(term)
        return self._rarity(self._holders[number] if number is not None else 0) / self._rarity(0)

    def holds(self, term: str) -> bool:
        number = self._numbers.get(term)
        return number is not None and self._holders[number] > 0

    def best(self, question: Analysis, limit: int) -> list[tuple[int, list[tuple[float, int]]]]:
        """The best passages: slot and its texts (score, place within the passage), best first."""
        self._refresh()
        if not self._alive:
            return []
        scores = self._score(question)
        best = np.maximum.reduceat(scores, self._starts)
        many = min(limit + 4, len(best))
        slots = best.argpartition(-many)[-many:] if many < len(best) else np.arange(len(best))
        found = []
        for slot, first in zip(slots.tolist(), best[slots].tolist(), strict=True):
            if first <= 0.0:
                continue
            *own, answer = scores[self._first[slot] : self._first[slot + 1]].tolist()
            top = sorted(zip(own, range(len(own)), strict=True), reverse=True)[:3]
            mean = sum([score for score, _ in top]) / len(top)
            found.append((-0.5 * (top[0][0] + mean) - ANSWER_SHARE * answer, slot, top))
        found.sort()
        return [(slot, top) for _, slot, top in found[:limit]]

    def _score(self, question: Analysis) -> Floats:
        arrays: list[Ints] = []
        squares: list[float] = []
        unseen = self._rarity(0)
        length = 0.0
        for terms, share in zip(_terms(question), (1.0, PAIR_SHARE), strict=True):
            for term in terms:
                number = self._numbers.get(term)
                if number is None:
                    length += share * unseen**2
                    continue
                square = float(self._term_squares[number])
                length += square
                posting = self._postings[number]
                if len(posting):
                    arrays.append(posting)
                    squares.append(square)
        if not arrays:
            return np.zeros(len(self._texts))
        values = np.repeat(squares, [len(array) for array in arrays])
        sums = np.bincount(np.concatenate(arrays), values, minlength=len(self._texts))
        scores: Floats = sums * self._lengths / math.sqrt(length)
        return scores

    def _number(self, term: str, share: float) -> int:
        number = self._numbers.get(term)
        if number is None:
            number = self._numbers[term] = len(self._postings)
            self._postings.append(_EMPTY)
            self._shares.append(math.sqrt(share))
            self._holders.append(0)
        return number

    def _span(self, slot: int) -> slice:
        return slice(self._first[slot], self._first[slot + 1])

    def _rarity(self, holders: int) -> float:
        return math.log(1 + len(self._alive) / (holders + 0.5))

    def _refresh(self) -> None:
        if not self._stale or not self._alive:
            return
        for number, texts in self._loose.items():
            self._postings[number] = np.append(self._postings[number], np.array(texts, np.int32))
        self._loose = {}
        self.weights = _Remembered(self._weigh)
        rarity = np.log1p(len(self._alive) / (np.array(self._holders) + 0.5))
        self._term_squares = (rarity * np.array(self._shares)) ** 2
        sizes = [len(terms) for terms in self._texts]
        owners = np.repeat(np.arange(len(self._texts)), sizes)
        squares = np.bincount(owners, self._term_squares[np.concatenate(self._texts)], len(self._texts))
        self._lengths = 1.0 / np.sqrt(np.maximum(squares, 1e-9))
        for slot, alive in enumerate(self._alive):
            if not alive:
                self._lengths[self._span(slot)] = 0.0
        self._starts = np.array(self._first[:-1], np.int32)
        self._stale = False


class _Remembered(dict[str, float]):
    """Values worked out when first asked for, for as long as the base stays as it is."""

    def __init__(self, work_out: Callable[[str], float]) -> None:
        super().__init__()
        self._work_out = work_out

    def __missing__(self, term: str) -> float:
        value = self._work_out(term)
        if len(self) < _REMEMBERED:
            self[term] = value
        return value


def _terms(text: Analysis) -> tuple[frozenset[str], frozenset[str]]:
    """Characters and pairs as written and as read: a rewriting that goes wrong then costs only a little."""
    return text.units | text.written, text.plain_pairs.union(text.pairs)
