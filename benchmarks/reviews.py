"""Bad reviews and complaints: cross-validated precision and recall, time a text; `--fit` writes the shipped numbers.

    python -m benchmarks.reviews [reviews.jsonl] [--fit]

The reviews are read where they stand, with our labels by number; without them only the talk written for this project
is used. Precision and recall count «bad» against good and neutral; a «mixed» review may be heard or not.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.talk import CHATTER
from content.knowledge.complaints import COMPLAINT_THRESHOLD, FILE, Recogniser, complaint_likelihood, lexicon, signs

HERE = Path(__file__).parent
REVIEWS = HERE.parent.parent / "shared" / "data" / "shop" / "reviews.jsonl"
OTHER = HERE.parent.parent / "shared" / "data" / "faq" / "negatives.jsonl"
FOLDS, ROUNDS, RIDGE = 10, 12, 1.0
SELDOM = 1  # how often a character of evidence may stand in the talk that is none
BAD, GOOD, MIXED = 1, 0, -1


@dataclass(frozen=True, slots=True)
class Sample:
    text: str
    label: int
    source: str


def load(reviews: Path) -> list[Sample]:
    """Everything labelled, without doubles, in a fixed mixed order."""
    found = [Sample(line, GOOD, "chatter") for line in CHATTER]
    found += [Sample(line[2:], GOOD, "group talk") for line in _lines("group_talk.txt")]
    for line in _lines("complaint_talk.txt"):  # after the group talk, so that what stands in both has its label here
        found.append(Sample(line[2:], BAD if line[0] == "!" else GOOD, "own complaints" if line[0] == "!" else "own other"))
    found += [Sample(line.partition(" => ")[0], GOOD, "shop questions") for line in _lines("shop_questions.txt")]
    labels = {
        number: {"bad": BAD, "mixed": MIXED}[kind]
        for kind, *numbers in (line.split() for line in _lines("review_labels.txt")) if kind in ("bad", "mixed") for number in numbers
    }
    if reviews.is_file():
        for row in map(json.loads, reviews.read_text("utf-8").splitlines()):
            found.append(Sample(row["text"], labels.get(row["id"], GOOD), "reviews"))
    found += _of_other_shops()
    unique = list({re.sub(r"\s+", " ", one.text): one for one in found if one.text.strip()}.values())
    order = np.random.default_rng(7).permutation(len(unique))
    return [unique[number] for number in order]


def _of_other_shops() -> list[Sample]:
    """Reviews of electronics, fruit, milk, shampoo and clothes, read where they stand."""
    if not OTHER.is_file():
        return []
    texts = {row["id"]: row["text"] for row in map(json.loads, OTHER.read_text("utf-8").splitlines())}
    labels = {"other-bad": BAD, "other-good": GOOD}
    return [
        Sample(texts[f"dn{number}"], labels[kind], "other shops")
        for kind, *numbers in (line.split() for line in _lines("review_labels.txt")) if kind in labels
        for number in numbers if f"dn{number}" in texts
    ]  # fmt: skip


def _lines(name: str) -> list[str]:
    return [line for line in (HERE / name).read_text("utf-8").splitlines() if line.strip() and line[0] != "#"]


def fit(samples: Sequence[Sample]) -> Recogniser:
    """Logistic regression with a ridge on the signs of the texts in which a word speaks for a complaint."""
    told = [(found, one.label) for one in samples if one.label != MIXED and (found := signs(one.text))]
    names = sorted({sign for found, _ in told for sign in found})
    place = {sign: number for number, sign in enumerate(names)}
    table = np.zeros((len(told), len(names) + 1))
    table[:, -1] = 1.0
    for row, (found, _) in enumerate(told):
        table[row, [place[sign] for sign in found]] = 1.0
    wanted = np.array([label for _, label in told], float)
    weights = np.zeros(table.shape[1])
    ridge = np.append(np.full(len(names), RIDGE), 1e-6)
    for _ in range(ROUNDS):  # Newton's steps
        guessed = 1 / (1 + np.exp(-table @ weights))
        slope = table.T @ (guessed - wanted) + ridge * weights
        bend = (table * (guessed * (1 - guessed))[:, None]).T @ table + np.diag(ridge)
        weights -= np.linalg.solve(bend, slope)
    fitted = {name: round(float(weight), 2) for name, weight in zip(names, weights, strict=False)}
    return Recogniser.of(round(float(weights[-1]), 2), fitted, _evidence())


def _evidence() -> frozenset[str]:
    """The characters of words that speak for a complaint which other talk has seldom or never."""
    other = Counter(sign for text in (*CHATTER, *_lines("group_talk.txt")) for sign in text)
    signs_of_words = {sign for word in lexicon().speaking for sign in word}
    return frozenset(sign for sign in signs_of_words if other[sign] <= SELDOM)


def measure(samples: Sequence[Sample]) -> list[float]:
    """Each sample's likelihood from a recogniser that was fitted without it."""
    found = [0.0] * len(samples)
    for fold in range(FOLDS):
        recogniser = fit([one for number, one in enumerate(samples) if number % FOLDS != fold])
        for number in range(fold, len(samples), FOLDS):
            found[number] = recogniser.likelihood(samples[number].text)
    return found


def scores(samples: Sequence[Sample], found: Sequence[float], source: str = "") -> tuple[float, float, int, int]:
    """Precision, recall, and the counts of bad and of heard."""
    pairs = [(one.label, likely >= COMPLAINT_THRESHOLD) for one, likely in zip(samples, found, strict=True)
             if one.label != MIXED and one.source.startswith(source)]  # fmt: skip
    right = sum(1 for label, is_heard in pairs if is_heard and label == BAD)
    heard, bad = sum(is_heard for _, is_heard in pairs), sum(label for label, _ in pairs)
    return right / max(heard, 1), right / max(bad, 1), bad, heard


def time_a_text(texts: Sequence[str]) -> list[float]:
    """Microseconds of the shipped recogniser for each text, the best of five."""
    complaint_likelihood("")
    best = [1e9] * len(texts)
    for _ in range(5):
        for number, text in enumerate(texts):
            start = time.perf_counter_ns()
            complaint_likelihood(text)
            best[number] = min(best[number], (time.perf_counter_ns() - start) / 1000)
    return sorted(best)


def main() -> None:
    given = [one for one in sys.argv[1:] if not one.startswith("--")]
    samples = load(Path(given[0]) if given else REVIEWS)
    if "--fit" in sys.argv:
        ready = fit(samples)
        lines = {"constant": ready.constant, "evidence": "".join(sorted(_evidence())), "weights": dict(ready.weights)}
        FILE.write_text(json.dumps(lines, ensure_ascii=False, indent=0, sort_keys=True) + "\n", "utf-8")
    found = measure(samples)
    for name, source in (("all", ""), ("reviews", "reviews"), ("other shops", "other shops"), ("written for this project", "own")):
        precision, recall, bad, heard = scores(samples, found, source)
        print(f"{name}: precision {precision:.3f}, recall {recall:.3f} ({bad} bad, {heard} heard)")
    for source in sorted({one.source for one in samples}):
        other = [likely for one, likely in zip(samples, found, strict=True) if one.source == source and one.label == GOOD]
        print(f"  {source}: {sum(one >= COMPLAINT_THRESHOLD for one in other)} of {len(other)} others heard")
    for source in ("reviews", "other shops"):
        ready = fit([one for one in samples if one.source != source])
        left = [one for one in samples if one.source == source]
        precision, recall, bad, heard = scores(left, [ready.likelihood(one.text) for one in left])
        print(f"fitted without {source}: precision {precision:.3f}, recall {recall:.3f} ({bad} bad, {heard} heard)")
    if "--wrong" in sys.argv:
        for one, likely in zip(samples, found, strict=True):
            if one.label != MIXED and (likely >= COMPLAINT_THRESHOLD) != (one.label == BAD):
                print(f"  {'missed' if one.label == BAD else 'heard'} {likely:.2f} {one.source}: {one.text[:60]}")
    chatter = [one.text for one in samples if one.source in ("chatter", "group talk") and one.label == GOOD]
    times = time_a_text(chatter)
    print(f"chatter: median {times[len(times) // 2]:.2f} us, mean {sum(times) / len(times):.2f} us, p95 {times[int(len(times) * 0.95)]:.1f} us")
    print(f"{len(samples)} samples, {len(complaint_weights())} weights")


def complaint_weights() -> dict[str, float]:
    weights: dict[str, float] = json.loads(FILE.read_text("utf-8"))["weights"]
    return weights


if __name__ == "__main__":
    main()
