"""Fits content/lint/likeness.txt to the labelled set, and says what such a fit is worth on parts it has not seen.

    python -m benchmarks.fit_lint            cross-validated figures, change nothing
    python -m benchmarks.fit_lint --write    fit to the whole set

Regularised least squares on runs of one to four characters, rarer runs weighing more. Every part of the set was written
apart from the others, so each is judged by a fit to the other parts (in closed form: no fit is repeated). The kernel
needs nothing but numpy, so that the test of these figures runs wherever the tests run.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter, defaultdict
from collections.abc import Container, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from content.lint import Facts, judging
from content.lint.checking import by_rules
from content.lint.likeness import FILE, SMALL, UNIT, WRONG, runs, shaped
from content.lint.reading import Reading

TEXTS = Path("tests/lint/texts.jsonl")
TODAY = date(2026, 11, 22)  # the set's dates are past or to come from here
HOSTS = frozenset({"shop.example"})  # the set's own address
FRESH = (13, 14, 16)  # parts on which no pattern of the rules was mended but links, holes and days
PENALTY = 0.2
CONSTANT = 0.05  # how freely the constant is fitted
RARENESS = 1.5  # power of a run's rareness
OFTEN = 24  # texts; a run in more of them goes through the matrix
SMALLEST = 110  # thousandths; lighter weights are left out of the file
KINDS_KEPT = 1_000  # runs kept for each thing that can be wrong
ALIKE = {"urgency": "price", "review": "gamble"}

Row = dict[str, Any]
Array = np.ndarray[Any, Any]


def load(path: Path = TEXTS) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


class Fit:
    """The set in numbers; `scale` makes texts weigh one on average."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.found = [runs(shaped(row["text"], TODAY, HOSTS)) for row in rows]
        self.labels: list[str] = [ALIKE.get(row["about"], row["about"]) for row in rows]
        self.parts = [row["part"] for row in rows]
        counts = Counter(run for found in self.found for run in found)
        self.rareness = {run: math.log((len(rows) + 1) / count) ** RARENESS for run, count in counts.items()}
        self.sizes = np.array([1 / math.sqrt(len(found) + SMALL) for found in self.found])
        sums = np.array([sum([self.rareness[run] ** 2 for run in found]) for found in self.found])
        self.scale = float(len(rows) / np.sum(sums * self.sizes**2))
        self.kernel = self._kernel(counts, sums)
        self.inverse = np.linalg.inv(self.kernel + PENALTY * np.eye(len(rows)))

    def _kernel(self, counts: Counter[str], sums: Array) -> Array:
        total = len(self.found)
        texts: dict[str, list[int]] = defaultdict(list)
        for number, found in enumerate(self.found):
            for run in found:
                if counts[run] > 1:
                    texts[run].append(number)
        kernel = np.zeros((total, total), np.float32)
        common = sorted(run for run, places in texts.items() if len(places) > OFTEN)
        matrix = np.zeros((total, len(common)), np.float32)
        for column, run in enumerate(common):
            matrix[texts.pop(run), column] = self.rareness[run]
        kernel += matrix @ matrix.T
        for run, places in texts.items():
            kernel[np.ix_(places, places)] += self.rareness[run] ** 2
        np.fill_diagonal(kernel, sums)
        return self.scale * kernel * np.outer(self.sizes, self.sizes) + CONSTANT

    def wanted(self, kind: str) -> Array:
        """1 where a text is of that kind (or wrong at all), else -1."""
        return np.array([1.0 if (label == kind if kind != WRONG else label != "ok") else -1.0 for label in self.labels])

    def unseen(self) -> Array:
        """Every text's likeness by the fit to the parts other than its own."""
        wanted = self.wanted(WRONG)
        answers = self.inverse @ wanted
        judged = np.zeros(len(wanted))
        for part in set(self.parts):
            mine = [number for number, other in enumerate(self.parts) if other == part]
            judged[mine] = wanted[mine] - np.linalg.solve(self.inverse[np.ix_(mine, mine)], answers[mine])
        return judged

    def weights(self, kind: str) -> tuple[dict[str, float], float]:
        """The weight of each run, and the constant."""
        answers = self.inverse @ self.wanted(kind)
        weights: dict[str, float] = defaultdict(float)
        for found, answer, size in zip(self.found, answers, self.sizes, strict=True):
            share = float(answer * size)
            for run in found:
                weights[run] += share
        return (
            {run: self.scale * self.rareness[run] ** 2 * weight for run, weight in weights.items()},
            CONSTANT * float(np.sum(answers)),
        )


def caught(rows: Sequence[Row], likeness: Sequence[float]) -> list[bool]:
    """Whether the guard says anything to each text, the rules together with this likeness."""
    known = Facts(today=TODAY, hosts=HOSTS)
    answers = []
    for row, wrong in zip(rows, likeness, strict=True):
        found = by_rules(Reading(row["text"]), known)
        stands = judging.has_known_shape(found) or judging.believed(found, wrong)
        answers.append(bool(stands) or (not found and wrong > judging.FOUND))
    return answers


def rates(rows: Sequence[Row], answers: Sequence[bool], parts: Container[int]) -> tuple[float, float]:
    """Recall and false alarms on some parts."""
    mine = [(row["about"] != "ok", answer) for row, answer in zip(rows, answers, strict=True) if row["part"] in parts]
    wrong, harmless = [hit for is_wrong, hit in mine if is_wrong], [hit for is_wrong, hit in mine if not is_wrong]
    return sum(wrong) / max(1, len(wrong)), sum(harmless) / max(1, len(harmless))


def write(fit: Fit, path: Path = FILE) -> None:
    """The file the guard reads; the heaviest runs only, their weights in thousandths, graded so that lines are few."""
    lines = ["# Fitted by benchmarks/fit_lint.py; do not edit. What it speaks for, thousandths, runs of characters."]
    for kind in (WRONG, *sorted(set(fit.labels) - {"ok"})):
        weights, constant = fit.weights(kind)
        lines.append(f"{kind} {round(constant * UNIT)}")
        kept = sorted(weights, key=lambda run: (-abs(weights[run]), run))[: None if kind == WRONG else KINDS_KEPT]
        graded: dict[int, list[str]] = defaultdict(list)
        for run in kept:
            level = _graded(weights[run] * UNIT)
            if abs(level) >= SMALLEST:
                graded[level].append(run)
        lines += [f"{kind} {level} {' '.join(sorted(found))}" for level, found in sorted(graded.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _graded(weight: float) -> int:
    """The weight to about three per cent."""
    if abs(weight) < 1:
        return 0
    return round(math.copysign(math.exp(round(math.log(abs(weight)) * 16) / 16), weight))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--texts", type=Path, default=TEXTS)
    asked.add_argument("--write", action="store_true")
    given = asked.parse_args()
    rows = load(given.texts)
    fit = Fit(rows)
    judged = fit.unseen()
    alone, together = [bool(one > 0) for one in judged], caught(rows, list(judged))
    everything = tuple(sorted(set(fit.parts)))
    for parts in (*((part,) for part in everything), FRESH, everything):
        figures = [f"{value:.3f}" for answers in (alone, together) for value in rates(rows, answers, parts)]
        print(f"parts {parts}: likeness alone {figures[0]} / {figures[1]}, with the rules {figures[2]} / {figures[3]}")
    if given.write:
        write(fit)
        print(f"{FILE.name} written, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
