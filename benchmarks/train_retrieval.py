"""Fits the numbers in content/knowledge/weights.json from the research data; see docs/benchmarks.md."""

from __future__ import annotations

import argparse
import collections
import hashlib
import json
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "faq"
WEIGHTS = Path(__file__).resolve().parents[1] / "content" / "knowledge" / "weights.json"
NARROW = {"atec", "afqmc"}  # one domain: its subject would look like an everyday word
FOLDS = 5
PHRASINGS = 3
# a wrong answer to a question we were asked is worse than a missed one, and withheld questions are few
CASE_WEIGHT = {"query": 1.0, "indomain_withheld": 1.5}
OTHER_WEIGHT = 0.6


def load(name: str, data: Path = DATA) -> list[dict[str, Any]]:
    with (data / name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def fit_units(data: Path) -> dict[str, str]:
    """How rarely each character is met, over questions and talk in equal parts; dev texts are left out."""
    from content.knowledge.lexicon import Lexicon, read_groups
    from content.knowledge.text import normalise, units, without_punctuation

    lexicon = Lexicon(*read_groups())
    dev = {query["text"] for query in load("queries.jsonl", data)}
    for entry in load("faq.jsonl", data):
        dev.update((entry["question"], *entry["aliases"]))
    sources: dict[str, set[str]] = collections.defaultdict(set)
    for pair in load("pairs.jsonl", data):
        if pair["source"] not in NARROW:
            sources[pair["source"]].update((pair["a"], pair["b"]))
    for row in load("negatives.jsonl", data):
        if row["type"].startswith("chatter"):
            sources["talk"].add(row["text"])
    chance = random.Random(1)
    counts: collections.Counter[str] = collections.Counter()
    total = 0
    for source, found in sources.items():
        texts = sorted(found - dev)
        for text in chance.sample(texts, min(8000, len(texts))):
            total += 1
            read = lexicon.rewrite(without_punctuation(normalise(text)))
            for unit in set(units(read)):
                counts[unit] += 1
    tenths: dict[str, list[str]] = collections.defaultdict(list)
    for unit, count in sorted(counts.items()):
        weight = round(10 * max(0.3, min(9.0, math.log(total / (count + 1)))))
        if weight < 90:
            tenths[str(weight)].append(unit)
    return {weight: " ".join(found) for weight, found in sorted(tenths.items(), key=lambda each: int(each[0]))}


@dataclass
class Case:
    """A text with the entries considered for it."""

    kind: str
    kb: str
    fold: int
    right: str | None
    text: str
    ids: list[str]
    features: np.ndarray = field(repr=False)


def fold_of(text: str) -> int:
    return int(hashlib.md5(text.encode()).hexdigest(), 16) % FOLDS


def build_cases(data: Path, phrasings: int = PHRASINGS) -> list[Case]:
    """Queries fold by entry, withheld questions by their entry's note, other texts by themselves."""
    from content.knowledge.analysis import Reader
    from content.knowledge.faq import FaqIndex
    from content.knowledge.features import NAMES
    from content.knowledge.passages import Passage

    reader = Reader()
    index = FaqIndex(reader)
    for entry in load("faq.jsonl", data):
        index.put(Passage(entry["id"], "faq", entry["question"], tuple(entry["aliases"][:phrasings])))

    def case(kind: str, kb: str, group: str, right: str | None, text: str) -> Case:
        found = index.consider(reader.read(text))
        features = np.array([each.features for each in found]).reshape(-1, len(NAMES))
        return Case(kind, kb, fold_of(group), right, text, [each.passage_id for each in found], features)

    cases = [
        case("query", row["kb"], row["answer_id"], row["answer_id"], row["text"])
        for row in load("queries.jsonl", data)
    ]
    for row in load("negatives.jsonl", data):
        withheld = row["type"] == "indomain_withheld"
        group = row.get("note", row["text"]) if withheld else row["text"]
        cases.append(case(row["type"], row["kb"], group, None, row["text"]))
    return cases


class Fit:
    """A ranker and a confidence fitted on some cases, as plain weights on plain features."""

    def __init__(self, cases: Sequence[Case], rank_c: float = 0.1, confidence_c: float = 0.1) -> None:
        rows, right = [], []
        for case in cases:
            if case.right in case.ids:
                rows.extend(case.features)
                right.extend(each == case.right for each in case.ids)
        self.rank = plain(np.array(rows), np.array(right), None, rank_c)
        rows, right, weights = [], [], []
        for case in cases:
            if case.kind == "service_ecom" or not case.ids:
                continue
            order, row = self.first(case)
            rows.append(row)
            right.append(case.right is not None and case.ids[order[0]] == case.right)
            weights.append(CASE_WEIGHT.get(case.kind, OTHER_WEIGHT))
        self.confidence = plain(np.array(rows), np.array(right), np.array(weights), confidence_c)

    def first(self, case: Case) -> tuple[list[int], np.ndarray]:
        from content.knowledge.ranking import beside_the_others

        scores = (case.features @ self.rank[0] + self.rank[1]).tolist()
        order = sorted(range(len(scores)), key=lambda at: -scores[at])
        return order, np.array([*case.features[order[0]], *beside_the_others(scores, order[0])])

    def answer(self, case: Case) -> tuple[list[str], float]:
        if not case.ids:
            return [], 0.0
        order, row = self.first(case)
        logit = float(row @ self.confidence[0] + self.confidence[1])
        return [case.ids[at] for at in order], 1 / (1 + math.exp(-logit))


def plain(
    rows: np.ndarray, right: np.ndarray, weights: np.ndarray | None, c: float
) -> tuple[np.ndarray, float]:
    """Logistic regression on scaled features, its weights carried back to the plain ones."""
    scaler = StandardScaler().fit(rows)
    model = LogisticRegression(max_iter=4000, C=c).fit(scaler.transform(rows), right, weights)
    slopes = model.coef_[0] / scaler.scale_
    return slopes, float(model.intercept_[0] - slopes @ scaler.mean_)


Answers = list[tuple[Case, list[str], float]]


def cross_validate(cases: Sequence[Case], **options: float) -> Answers:
    """Every case answered by a fit that saw neither it nor its entry's other queries."""
    answers: Answers = []
    for fold in range(FOLDS):
        fit = Fit([case for case in cases if case.fold != fold], **options)
        answers += [(case, *fit.answer(case)) for case in cases if case.fold == fold]
    return answers


def leave_out(cases: Sequence[Case], kb: str, **options: float) -> Answers:
    """One knowledge base answered by a fit on the others, with half of the talk to fit on."""
    fit = Fit([case for case in cases if case.kb != kb and (case.kb != "*" or case.fold % 2)], **options)
    asked = [case for case in cases if case.kb == kb or (case.kb == "*" and not case.fold % 2)]
    return [(case, *fit.answer(case)) for case in asked]


def share(values: Iterable[bool]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else float("nan")


def summary(answers: Answers, threshold: float | None = None, chatter: float = 0.02) -> str:
    queries = [each for each in answers if each[0].kind == "query"]
    talk = sorted((score for case, _, score in answers if case.kind.startswith("chatter")), reverse=True)
    if threshold is None:
        threshold = talk[int(chatter * len(talk))]
    said = [each for each in queries if each[2] > threshold]
    right = sum(ids[:1] == [case.right] for case, ids, _ in said)
    top1 = share(ids[:1] == [case.right] for case, ids, _ in queries)
    top3 = share(case.right in ids[:3] for case, ids, _ in queries)
    line = f"top1 {top1:.3f} top3 {top3:.3f} at {threshold:.2f}: cov {right / len(queries):.3f} "
    line += f"prec {right / max(1, len(said)):.3f} talk {share(score > threshold for score in talk):.4f}"
    for kind in ("indomain_withheld", "service_ecom"):
        line += f" {kind[:8]} {share(score > threshold for case, _, score in answers if case.kind == kind):.3f}"
    return line


def report(cases: Sequence[Case], **options: float) -> None:
    answers = cross_validate(cases, **options)
    print("cross-validated   ", summary(answers))
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        print("                  ", summary(answers, threshold))
    for kb in ("ant", "jd", "gen"):
        left = leave_out(cases, kb, **options)
        print(f"fitted without {kb:3}", summary(left))
        for threshold in (0.4, 0.6, 0.8):
            print("                  ", summary(left, threshold))


def named(fit: tuple[np.ndarray, float], names: Sequence[str]) -> dict[str, float]:
    table = {name: round(float(weight), 5) for name, weight in zip(names, fit[0], strict=True)}
    return {**table, "constant": round(fit[1], 5)}


def write(changes: dict[str, Any]) -> None:
    known = json.loads(WEIGHTS.read_text(encoding="utf-8")) if WEIGHTS.exists() else {}
    known.update(changes)
    WEIGHTS.write_text(json.dumps(known, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--write", action="store_true", help="write the weights")
    parser.add_argument("--units", action="store_true", help="fit how much each character tells first")
    given = parser.parse_args()
    if given.units:
        write({"units": fit_units(given.data)})
    from content.knowledge.features import NAMES
    from content.knowledge.ranking import CONFIDENCE

    cases = build_cases(given.data)
    report(cases)
    if given.write:
        fit = Fit(cases)
        write({"rank": named(fit.rank, NAMES), "confidence": named(fit.confidence, CONFIDENCE)})


if __name__ == "__main__":
    main()
