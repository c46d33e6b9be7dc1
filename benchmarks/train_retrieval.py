"""Fits the numbers in content/knowledge/weights.json and cross-validates them.

    python -m benchmarks.train_retrieval --report            measure, change nothing
    python -m benchmarks.train_retrieval --units --write     fit everything anew

Recipe: `units` is how rarely each character is met in general questions and talk. The ranker is a listwise
softmax over the considered entries, the confidence a logistic regression on the first of them. Both are fitted
on the dev questions and on bases made of the paraphrase pairs (retrieval_cases.py). Reported are five folds by
entry, and each knowledge base answered by a fit that never saw its domain.
"""

from __future__ import annotations

import argparse
import collections
import json
import math
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from benchmarks.retrieval_cases import DATA, NARROW, Case, dev_cases, dev_texts, load, made_cases, shop_cases
from content.knowledge.features import RANKED_BY
from content.knowledge.lexicon import Lexicon, read_groups
from content.knowledge.ranking import CONFIDENCE, beside_the_others
from content.knowledge.text import normalise, units, without_punctuation

WEIGHTS = Path(__file__).resolve().parents[1] / "content" / "knowledge" / "weights.json"
RANK_WEIGHT = {"shop": 0.15, "atec": 0.3, "afqmc": 0.3}
RANK_PENALTY = 100.0
CONFIDENCE_C = 0.1
# withheld questions are few and a wrong answer to them is what people notice; made bases are noisy
CASE_WEIGHT = {"query": 1.0, "indomain_withheld": 1.5}
TALK_WEIGHT = 0.3
MADE_WEIGHT = {"lcqmc_dev": 0.3, "xiaobu_dev": 0.3, "atec": 0.3, "afqmc": 0.3, "shop": 0.6}

Plain = tuple[np.ndarray, float]  # weights on plain features, constant
Answers = list[tuple[Case, list[str], float]]


def fit_units(data: Path) -> dict[str, str]:
    """How rarely each character is met, over questions and talk in equal parts; what is measured is left out."""
    lexicon = Lexicon(*read_groups())
    asked = {query["text"] for query in load("queries.jsonl", data)}
    for entry in load("faq.jsonl", data):
        asked.update((entry["question"], *entry["aliases"]))
    sources: dict[str, set[str]] = collections.defaultdict(set)
    for pair in load("pairs.jsonl", data):
        if pair["source"] not in NARROW:  # a narrow domain's subject would look like an everyday word
            sources[pair["source"]].update((pair["a"], pair["b"]))
    for row in load("negatives.jsonl", data):
        if row["type"].startswith("chatter"):
            sources["talk"].add(row["text"])
    chance = random.Random(1)
    counts: collections.Counter[str] = collections.Counter()
    total = 0
    for found in sources.values():
        texts = sorted(found - asked)
        for text in chance.sample(texts, min(8000, len(texts))):
            total += 1
            counts.update(set(units(lexicon.rewrite(without_punctuation(normalise(text))))))
    tenths: dict[str, list[str]] = collections.defaultdict(list)
    for unit, count in sorted(counts.items()):
        weight = round(10 * max(0.3, min(9.0, math.log(total / (count + 1)))))
        if weight < 90:
            tenths[str(weight)].append(unit)
    return {weight: " ".join(found) for weight, found in sorted(tenths.items(), key=lambda each: int(each[0]))}


class Fit:
    """A ranker and a confidence fitted on some cases."""

    def __init__(self, dev: Sequence[Case], made: Sequence[Case]) -> None:
        self.rank = softmax([*dev, *made], len(RANKED_BY))
        rows, right, weights = [], [], []
        for case in [*dev, *made]:
            if case.kind == "service_ecom" or not case.ids:
                continue
            order, row = self.first(case)
            rows.append(row)
            right.append(case.right is not None and case.ids[order[0]] == case.right)
            weights.append(MADE_WEIGHT.get(case.kb, CASE_WEIGHT.get(case.kind, TALK_WEIGHT)))
        self.confidence = logistic(np.array(rows), np.array(right), np.array(weights), CONFIDENCE_C)

    def first(self, case: Case) -> tuple[list[int], np.ndarray]:
        scores = (case.features[:, : len(RANKED_BY)] @ self.rank[0] + self.rank[1]).tolist()
        order = sorted(range(len(scores)), key=lambda at: -scores[at])
        return order, np.array([*case.features[order[0]], *beside_the_others(scores, order[0])])

    def answer(self, case: Case) -> tuple[list[str], float]:
        if not case.ids:
            return [], 0.0
        order, row = self.first(case)
        logit = float(row @ self.confidence[0] + self.confidence[1])
        return [case.ids[at] for at in order], 1 / (1 + math.exp(-logit))


def softmax(cases: Sequence[Case], many: int) -> Plain:
    """The weights under which the right entry of each question has the largest share among those considered."""
    lists = [
        (case.features[:, :many], case.ids.index(case.right), RANK_WEIGHT.get(case.kb, 1.0))
        for case in cases
        if case.right is not None and case.right in case.ids and len(case.ids) > 1
    ]
    stacked = np.concatenate([features for features, _, _ in lists])
    mean, scale = stacked.mean(0), stacked.std(0) + 1e-9
    longest = max(len(features) for features, _, _ in lists)
    table = np.zeros((len(lists), longest, many))
    there = np.zeros((len(lists), longest), bool)
    for at, (features, _, _) in enumerate(lists):
        table[at, : len(features)] = (features - mean) / scale
        there[at, : len(features)] = True
    right = np.array([place for _, place, _ in lists])
    weights = np.array([weight for _, _, weight in lists])
    rows = np.arange(len(lists))

    def loss(slopes: np.ndarray) -> tuple[float, np.ndarray]:
        scores = np.where(there, table @ slopes, -1e9)
        shares = np.exp(scores - scores.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        value = -(weights * np.log(shares[rows, right] + 1e-12)).sum() + RANK_PENALTY * (slopes @ slopes) / 2
        shares[rows, right] -= 1
        shares *= weights[:, None]
        return float(value), np.einsum("ij,ijk->k", shares, table) + RANK_PENALTY * slopes

    found = minimize(loss, np.zeros(many), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    slopes = found.x / scale
    return slopes, float(-(slopes @ mean))


def logistic(rows: np.ndarray, right: np.ndarray, weights: np.ndarray | None, c: float) -> Plain:
    """Logistic regression on scaled features, its weights carried back to the plain ones."""
    scaler = StandardScaler().fit(rows)
    model = LogisticRegression(max_iter=4000, C=c).fit(scaler.transform(rows), right, weights)
    slopes = model.coef_[0] / scaler.scale_
    return slopes, float(model.intercept_[0] - slopes @ scaler.mean_)


def cross_validate(dev: Sequence[Case], made: Sequence[Case]) -> Answers:
    """Every case answered by a fit that saw neither it nor its entry's other queries."""
    answers: Answers = []
    for fold in range(5):
        fit = Fit([case for case in dev if case.fold != fold], made)
        answers += [(case, *fit.answer(case)) for case in dev if case.fold == fold]
    return answers


def leave_out(dev: Sequence[Case], made: Sequence[Case], kb: str) -> Answers:
    """One knowledge base answered by a fit on other domains, with half of the talk to fit on."""
    near = {"ant": NARROW, "gen": {"lcqmc_dev"}}.get(kb, frozenset())
    others = [case for case in dev if kb not in case.kb.split("|") and (case.kb != "*" or case.fold % 2)]
    fit = Fit(others, [case for case in made if case.kb not in near])
    asked = [case for case in dev if case.kb == kb or (case.kb == "*" and not case.fold % 2)]
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
    line = f"top1 {top1:.3f} top3 {top3:.3f} at {threshold:.2f}: coverage {right / len(queries):.3f} "
    line += f"precision {right / max(1, len(said)):.3f} talk {share(score > threshold for score in talk):.4f}"
    for kind in ("indomain_withheld", "service_ecom"):
        line += f" {kind[:8]} {share(score > threshold for case, _, score in answers if case.kind == kind):.3f}"
    return line


def report(dev: Sequence[Case], made: Sequence[Case]) -> None:
    answers = cross_validate(dev, made)
    print("cross-validated   ", summary(answers))
    for threshold in (0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9):
        print("                  ", summary(answers, threshold))
    fit = Fit(dev, [case for case in made if case.kb != "shop"])
    shop = [(case, *fit.answer(case)) for case in made if case.kb == "shop"]
    print("fitted without shop", summary(shop, 0.35), "|", summary(shop, 0.65))
    for left_out in range(5):
        seen = [case for case in made if case.kb != "shop" or case.fold != left_out]
        fit = Fit(dev, seen)
        asked = [case for case in made if case.kb == "shop" and case.fold == left_out]
        shop = shop[: len(shop) * (left_out > 0)] + [(case, *fit.answer(case)) for case in asked]
    print("shop, by folds     ", summary(shop, 0.35), "|", summary(shop, 0.65))
    for kb in ("ant", "jd", "gen"):
        left = leave_out(dev, made, kb)
        print(f"fitted without {kb:3}", summary(left))
        for threshold in (0.3, 0.4, 0.6, 0.8):
            print("                  ", summary(left, threshold))


def named(fit: Plain, names: Sequence[str]) -> dict[str, float]:
    table = {name: round(float(weight), 5) for name, weight in zip(names, fit[0], strict=True)}
    return {**table, "constant": round(fit[1], 5)}


def write(changes: dict[str, Any]) -> None:
    known = json.loads(WEIGHTS.read_text(encoding="utf-8")) if WEIGHTS.exists() else {}
    known.update(changes)
    WEIGHTS.write_text(json.dumps(known, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit and cross-validate the retriever.")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--units", action="store_true", help="fit how much each character tells first")
    parser.add_argument("--report", action="store_true", help="cross-validate")
    parser.add_argument("--write", action="store_true", help="write the weights")
    given = parser.parse_args()
    if given.units:
        write({"units": fit_units(given.data)})
    print(f"{len(dev_texts(given.data))} texts are measured on and not fitted on as pairs")
    dev, made = dev_cases(given.data), [*made_cases(given.data), *shop_cases()]
    if given.report:
        report(dev, made)
    if given.write:
        fit = Fit(dev, made)
        write({"rank": named(fit.rank, RANKED_BY), "confidence": named(fit.confidence, CONFIDENCE)})


if __name__ == "__main__":
    main()
