"""How much a text is like those that break a rule: a linear model over runs of characters, fitted to the labelled set.

The numbers are in likeness.txt; benchmarks/fit_lint.py says how they were fitted and what they are worth.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from content.lint import dates
from content.lint.reading import Reading

FILE = Path(__file__).with_name("likeness.txt")
LONGEST_RUN = 4
MOST_READ = 600  # characters that are judged
WRONG = "wrong"
SMALL = 30  # runs: a short text is judged more carefully
UNIT = 1000  # the file's whole numbers are thousandths
PAST, TO_COME, ADDRESS, CALL, LONG_NUMBER, LINE, OURS = tuple("\ue000\ue001\ue002\ue003\ue004\ue005\ue006")

_ADDRESS = re.compile(r"(?:https?|ftp)://[!-~]+|(?<![a-z0-9])(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,6}(?![a-z])(?:/[!-~]*)?")
_CALL = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_LONG_NUMBER = re.compile(r"\d{12,}")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SPACES = re.compile(r"[^\S\n]+")
_CLAUSE = re.compile(r"[^。！？!?;；\n，,]+")


@dataclass(frozen=True, slots=True)
class Likeness:
    """Fitted numbers: a weight for each run of characters, for «something is wrong» and for each thing that can be wrong."""

    constants: Mapping[str, float]
    weights: Mapping[str, float]
    by_kind: Mapping[str, Mapping[str, float]]

    def wrong(self, shape: str) -> float:
        """Above 0 when the text is more like wrong ones, below when it is more like harmless ones; mostly -1 to 1."""
        found = runs(shape)
        weigh = self.weights.get
        return self.constants[WRONG] + sum([weigh(run, 0.0) for run in found]) / math.sqrt(len(found) + SMALL)

    def kind(self, shape: str) -> str:
        """What is most likely wrong with it."""
        found = runs(shape)
        size = math.sqrt(len(found) + SMALL)
        return max(
            self.by_kind,
            key=lambda name: self.constants[name] + sum([self.by_kind[name].get(run, 0.0) for run in found]) / size,
        )

    def strongest(self, text: str, today: date | None) -> tuple[int, int]:
        """The clause that speaks most for it, as a span of the text."""
        spans = [found.span() for found in _CLAUSE.finditer(text[:MOST_READ]) if not found[0].isspace()]
        weigh = self.weights.get
        return max(
            spans or [(0, min(len(text), MOST_READ))],
            key=lambda span: sum([weigh(run, 0.0) for run in runs(shaped(text[span[0] : span[1]], today)[1:-1])]),
        )


def shaped(text: str, today: date | None, hosts: Iterable[str] = ()) -> str:
    """The text with what only its kind matters of replaced by signs: days past and to come, addresses, numbers."""
    plain = Reading(text[:MOST_READ]).tight
    if today is not None:
        kept, last = [], 0
        for one in dates.named(plain, today):
            kept += [plain[last : one.start], PAST if one.day < today else TO_COME]
            last = one.end
        plain = "".join(kept) + plain[last:]
    if "." in plain:
        ours = tuple(hosts)
        plain = _ADDRESS.sub(lambda found: OURS if _is_ours(found[0], ours) else ADDRESS, plain)
    plain = _NUMBER.sub("0", _LONG_NUMBER.sub(LONG_NUMBER, _CALL.sub(CALL, plain)))
    return f"^{_SPACES.sub('', plain)}$".replace("\n", LINE)


def _is_ours(address: str, ours: tuple[str, ...]) -> bool:
    host = re.sub(r"^\w+://", "", address).partition("/")[0].partition("?")[0].rpartition("@")[2].partition(":")[0]
    return any(host == own or host.endswith(f".{own}") for own in ours)


def runs(shape: str) -> set[str]:
    """All runs of one to four characters."""
    return {shape[at : at + size] for size in range(1, LONGEST_RUN + 1) for at in range(len(shape) - size + 1)}


def read(lines: Iterable[str]) -> Likeness:
    """Each line: what it speaks for, a weight in thousandths, and the runs that have it; «constant» for the constants."""
    constants: dict[str, float] = {}
    by_kind: dict[str, dict[str, float]] = {}
    for line in lines:
        kind, number, *found = line.split()
        if not found:
            constants[kind] = int(number) / UNIT
            continue
        by_kind.setdefault(kind, {}).update(dict.fromkeys(found, int(number) / UNIT))
    weights = by_kind.pop(WRONG)
    return Likeness(constants, weights, by_kind)


@lru_cache(maxsize=1)
def shipped() -> Likeness:
    with FILE.open(encoding="utf-8") as lines:
        return read(line for line in lines if not line.startswith("#"))
