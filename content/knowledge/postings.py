"""The inverted index: which texts of which passages hold a character or a pair of them, and a first score."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from content.knowledge.analysis import Terms

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Near = tuple[float, int, list[tuple[float, int]]]  # first score, slot, its closest texts: score, place within the passage
PAIR_SHARE = 0.3  # a pair's share of the squared weight a single character would have
ANSWER_SHARE = 0.5  # of how close the answer is, in the first score of an entry
FAR_BEHIND = 0.3  # of the closest text of all: a passage whose texts are no closer is not looked at
_RECENT = 2000  # texts that may be added before the sorted part is built anew
_REMEMBERED = 20_000


class Postings:
    """Texts are added passage by passage and removed by passage; weights follow at the next search.

    The terms of all texts stand one after the other in `_flat`. Most of them also stand sorted by term
    (`_sorted`, `_from`); those added since are in `_recent`.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._shares = array("d")
        self._holders = array("i")  # passages whose questions hold the term
        self._flat = array("i")
        self._ends = array("i", [0])  # where each text's terms end in `_flat`
        self._first = array("i", [0])  # the first text of each passage slot, and past the last
        self._alive = bytearray()
        self._living = 0
        self._recent: dict[int, list[int]] = {}
        self._sorted_texts = 0  # how many texts the sorted part holds
        self._seen_texts = 0  # and how many it and `_recent` hold
        self._sorted: Ints = np.zeros(0, np.int32)
        self._from: list[int] = [0]
        self._stale = True
        self._starts: Ints = np.zeros(0, np.int32)
        self._squares: Floats = np.zeros(0)
        self._lengths: Floats = np.zeros(0)
        self.weights = _Remembered(self._weigh)  # how rarely the base holds a term

    @property
    def slots(self) -> int:
        return len(self._alive)

    def add(self, texts: Sequence[Terms], answer: Terms) -> int:
        """Adds one passage, its texts and its answer, and returns its slot."""
        held: set[int] = set()
        for singles, pairs in texts:
            held.update(self._append(singles, pairs))
        self._append(*answer)  # what only an answer says is still unheard of as a question
        for term in held:
            self._holders[term] += 1
        self._alive.append(1)
        self._living += 1
        self._first.append(len(self._ends) - 1)
        self._stale = True
        return len(self._alive) - 1

    def remove(self, slot: int) -> None:
        first, last = self._first[slot], self._first[slot + 1] - 1
        for term in set(self._flat[self._ends[first] : self._ends[last]]):
            self._holders[term] -= 1
        self._alive[slot] = 0
        self._living -= 1
        self._stale = True

    def holds(self, term: str) -> bool:
        number = self._numbers.get(term)
        return number is not None and self._holders[number] > 0

    def best(self, question: Terms, limit: int) -> list[Near]:
        """The best passages, best first."""
        self._refresh()
        if not self._alive:
            return []
        scores = self._score(question)
        best = np.maximum.reduceat(scores, self._starts)
        many = min(limit + 4, len(best))
        slots = best.argpartition(-many)[-many:] if many < len(best) else np.arange(len(best))
        found = []
        firsts = best[slots].tolist()
        least = FAR_BEHIND * max(firsts)
        for slot, first in zip(slots.tolist(), firsts, strict=True):
            if first <= least:
                continue
            *own, answer = scores[self._first[slot] : self._first[slot + 1]].tolist()
            top = sorted(zip(own, range(len(own)), strict=True), reverse=True)[:3]
            mean = sum([score for score, _ in top]) / len(top)
            found.append((0.5 * (top[0][0] + mean) + ANSWER_SHARE * answer, -slot, top))
        found.sort(reverse=True)
        return [(score, -slot, top) for score, slot, top in found[:limit]]

    def _score(self, question: Terms) -> Floats:
        arrays: list[Ints | list[int]] = []
        squares: list[float] = []
        unseen = self._rarity(0) ** 2
        length = 0.0
        for terms, share in zip(question, (1.0, PAIR_SHARE), strict=True):
            for term in terms:
                number = self._numbers.get(term)
                if number is None:
                    length += share * unseen
                    continue
                square = float(self._squares[number])
                length += square
                if number + 1 < len(self._from):
                    arrays.append(self._sorted[self._from[number] : self._from[number + 1]])
                    squares.append(square)
                if number in self._recent:
                    arrays.append(self._recent[number])
                    squares.append(square)
        if not arrays:
            return np.zeros(len(self._lengths))
        values = np.repeat(squares, list(map(len, arrays)))
        sums = np.bincount(np.concatenate(arrays), values, minlength=len(self._lengths))
        scores: Floats = sums * self._lengths / math.sqrt(length)
        return scores

    def _append(self, singles: frozenset[str], pairs: frozenset[str]) -> list[int]:
        terms = [self._number(term, 1.0) for term in singles]
        terms += [self._number(term, PAIR_SHARE) for term in pairs]
        self._flat.extend(terms)
        self._ends.append(len(self._flat))
        return terms

    def _number(self, term: str, share: float) -> int:
        number = self._numbers.get(term)
        if number is None:
            number = self._numbers[term] = len(self._numbers)
            self._shares.append(share)
            self._holders.append(0)
        return number

    def _rarity(self, holders: int) -> float:
        return math.log(1 + self._living / (holders + 0.5))

    def _weigh(self, term: str) -> float:
        """How rarely the base holds the term: near 0 when every passage does, 1 when none."""
        number = self._numbers.get(term)
        return self._rarity(self._holders[number] if number is not None else 0) / self._rarity(0)

    def _refresh(self) -> None:
        if not self._stale or not self._alive:
            return
        ends = np.array(self._ends, np.int32)
        flat = np.array(self._flat, np.int32)
        owners = np.repeat(np.arange(len(ends) - 1, dtype=np.int32), np.diff(ends))
        texts = len(ends) - 1
        if not self._sorted_texts or texts - self._sorted_texts > max(_RECENT, texts // 4):
            order = np.argsort(flat, kind="stable")
            self._sorted = owners[order]
            counts = np.bincount(flat, minlength=len(self._numbers))
            self._from = [0, *np.cumsum(counts).tolist()]
            self._recent = {}
            self._sorted_texts = texts
        else:
            for text in range(self._seen_texts, texts):
                for term in self._flat[self._ends[text] : self._ends[text + 1]]:
                    self._recent.setdefault(term, []).append(text)
        self._seen_texts = texts
        rarity = np.log1p(self._living / (np.array(self._holders) + 0.5))
        self._squares = rarity**2 * np.array(self._shares)
        lengths = np.bincount(owners, self._squares[flat], texts)
        alive = np.repeat(np.frombuffer(bytes(self._alive), np.uint8), np.diff(np.array(self._first)))
        self._lengths = alive / np.sqrt(np.maximum(lengths, 1e-9))
        self._starts = np.array(self._first[:-1], np.int32)
        self.weights = _Remembered(self._weigh)
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
