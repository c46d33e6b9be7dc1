"""Talk starters: a library of short things to say in a group that are no adverts, by kind and season."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
KINDS = {
    "greetings": "greeting", "topics": "topic", "polls": "poll", "quizzes": "quiz", "seasons": "season", "series": "series",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Starter:
    """`season` is a word for when it fits; `days` the first and last month and day, empty when it always does. A poll has
    options, which members answer by their number; a quiz and some riddles have an answer."""

    id: str
    kind: str
    season: str
    text: str
    days: tuple[tuple[int, int], ...] = ()
    options: tuple[str, ...] = ()
    answer: str = ""

    def fits(self, day: date) -> bool:
        """Whether it may be said on a day; spans may run over the end of the year."""
        if not self.days:
            return True
        first, last = self.days
        here = (day.month, day.day)
        return first <= here <= last if first <= last else here >= first or here <= last


@cache
def load() -> tuple[Starter, ...]:
    """All starters, in the order of their files."""
    return tuple(_read())


def find(day: date | None = None, kind: str = "") -> list[Starter]:
    """Those of a kind that fit a day, the ones made for the season first."""
    fitting = [one for one in load() if (not kind or one.kind == kind) and (day is None or one.fits(day))]
    return sorted(fitting, key=lambda one: not one.days)


def _read() -> Iterator[Starter]:
    for name, kind in KINDS.items():
        rows: list[dict[str, Any]] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
        for row in rows:
            yield Starter(
                row["id"], kind, row["season"], row["text"], tuple(_day(words) for words in row.get("days", ())),
                tuple(row.get("options", ())), row.get("answer", ""),
            )


def _day(words: str) -> tuple[int, int]:
    month, day = str(words).split("-")
    return int(month), int(day)
