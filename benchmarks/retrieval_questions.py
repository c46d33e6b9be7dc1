"""Fits and measures the question detector on group talk labelled by hand.

    python -m benchmarks.retrieval_questions [--show] [--write]

`question_labels.json` names rows of negatives.jsonl by id: all those with a mark of a question, and some without. A
question is what somebody there may answer; «either» are the rows that read both ways (a sigh, a quotation, «不是…吗»)
and count for nothing. `group_talk.txt` is talk written for this project, more than half of it traps. Folds go by how a
text begins, signs aside, so that a message met twice stands on one side; then each kind of talk is left out in turn.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from benchmarks.retrieval_cases import ASKED_OF_PRODUCTS, DEMO, FOLDS, SAID_OF_PRODUCTS, dev_texts, fold_of, load
from benchmarks.talk import CHATTER
from benchmarks.train_retrieval import write
from content.knowledge.questions import _MARK, QUESTION_THRESHOLD, question_likelihood, signs

HERE = Path(__file__).parent
SEEN_AT_LEAST, SEEN_IN = 3, 2  # texts, and kinds of talk: what one group alone says is its subject, not how it asks
C = 0.6
STEP = 0.02  # weights are rounded to this
OURS = "ours"
SIDE_OF = {"shop": OURS, "complaint": OURS, "review": "chatter_product"}  # left out together


@dataclass(frozen=True, slots=True)
class Row:
    text: str
    asks: bool
    weight: float
    kind: str


def core(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def labelled() -> list[Row]:
    """What is measured on."""
    talk = {row["id"]: row for row in load("negatives.jsonl")}
    labels = json.loads((HERE / "question_labels.json").read_text(encoding="utf-8"))
    rows = [
        Row(talk[key]["text"], asks, 1.0, talk[key]["type"])
        for name, asks in (("questions", True), ("talk", False)) for key in labels[name] if key in talk
    ]  # fmt: skip
    return rows + [Row(line[2:], line[0] == "?", 1.0, OURS) for line in _lines("group_talk.txt") if line[:1] in "?-"]


def beside() -> list[Row]:
    """Texts whose label is nearly sure, only to fit on: general and shop questions; reviews and complaints that ask nothing."""
    dev = dev_texts()
    asked = sorted({pair["a"] for pair in load("pairs.jsonl") if pair["source"] == "lcqmc_dev"} - dev)
    rows = [Row(text, True, 0.25, "general") for text in random.Random(2).sample(asked, 2500)]
    rows += [Row(line.partition(" => ")[0], True, 0.5, "shop") for line in _lines("shop_questions.txt") if not line.endswith("=> -")]
    for entry in yaml.safe_load((DEMO / "faq.yaml").read_text(encoding="utf-8")):
        rows += [Row(text, True, 0.5, "shop") for text in (entry["question"], *entry["phrasings"])]
    nouns = sorted({alias for goods in yaml.safe_load((DEMO / "products.yaml").read_text("utf-8")) for alias in goods["aliases"]})
    for at, noun in enumerate(nouns):
        rows.append(Row(ASKED_OF_PRODUCTS[at % len(ASKED_OF_PRODUCTS)].format(noun), True, 0.5, "shop"))
        rows.append(Row(SAID_OF_PRODUCTS[at % len(SAID_OF_PRODUCTS)].format(noun), False, 0.5, "shop"))
    said = [(line[2:], "complaint") for line in _lines("complaint_talk.txt")] + [(text, "complaint") for text in CHATTER]
    said += [(row["text"], "review") for row in load("negatives.jsonl") if row["type"] == "chatter_product"]
    asking = re.compile("[?？吗哪谁几]|怎么|什么|多久|多少|不$")
    return rows + [Row(text, False, 0.5, kind) for text, kind in said if not asking.search(text)]


def _lines(name: str) -> list[str]:
    return [line for line in (HERE / name).read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]


class Detector:
    """Logistic regression on the signs of texts that have a mark."""

    def __init__(self, rows: Sequence[Row]) -> None:
        rows = [row for row in rows if _MARK.search(row.text)]
        texts: collections.Counter[str] = collections.Counter()
        kinds: dict[str, set[str]] = collections.defaultdict(set)
        for row in rows:
            for sign in set(signs(row.text)):
                texts[sign] += 1
                kinds[sign].add(row.kind)
        known = sorted(sign for sign, many in texts.items() if many >= SEEN_AT_LEAST and len(kinds[sign]) >= SEEN_IN)
        self.places = {sign: at for at, sign in enumerate(known)}
        model = LogisticRegression(max_iter=1000, C=C)
        model.fit(self.table([row.text for row in rows]), [row.asks for row in rows], [row.weight for row in rows])
        self.weights = np.round(model.coef_[0] / STEP) * STEP
        self.constant = round(float(model.intercept_[0]), 2)

    def table(self, texts: Sequence[str]) -> csr_matrix:
        cells = [(at, self.places[sign]) for at, text in enumerate(texts) for sign in set(signs(text)) if sign in self.places]
        row, column = zip(*cells, strict=True)
        return csr_matrix((np.ones(len(cells)), (row, column)), shape=(len(texts), len(self.places)))

    def scores(self, rows: Sequence[Row]) -> np.ndarray:
        logits = self.table([row.text for row in rows]) @ self.weights + self.constant
        marked = np.array([_MARK.search(row.text) is not None for row in rows])
        return np.where(marked, 1 / (1 + np.exp(-logits)), 0.02)

    def shipped(self) -> dict[str, str]:
        """For each weight in hundredths the signs that have it."""
        lines: dict[str, list[str]] = collections.defaultdict(list)
        for sign, weight in zip(self.places, self.weights, strict=True):
            if weight:
                lines[str(round(100 * weight))].append(sign)
        lines[str(round(100 * self.constant))].append("constant")
        return {hundredths: "\t".join(found) for hundredths, found in sorted(lines.items(), key=lambda each: int(each[0]))}


def cross_validate(rows: Sequence[Row], more: Sequence[Row]) -> np.ndarray:
    scores = np.zeros(len(rows))
    folds = [fold_of(core(row.text)[:12]) for row in rows]
    for fold in range(FOLDS):
        fit = Detector([row for row, own in zip(rows, folds, strict=True) if own != fold] + list(more))
        test = [at for at, own in enumerate(folds) if own == fold]
        scores[test] = fit.scores([rows[at] for at in test])
    return scores


def leave_out(rows: Sequence[Row], more: Sequence[Row], kind: str) -> np.ndarray:
    """The rows of one kind of talk, told by a fit that saw nothing of it."""
    seen = [row for row in [*rows, *more] if SIDE_OF.get(row.kind, row.kind) != kind]
    return Detector(seen).scores([row for row in rows if row.kind == kind])


def measured(rows: Sequence[Row], scores: np.ndarray) -> str:
    """Precision and recall at the threshold that ships, and the precision where the recall is just .85."""
    truth = np.array([row.asks for row in rows])
    said = scores >= QUESTION_THRESHOLD
    right = (said & truth).sum()
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    at = int(np.argmax(hits >= 0.85 * truth.sum()))
    wide = f"at recall .85 precision {hits[at] / (at + 1):.3f} ({scores[order[at]]:.2f})"
    return f"{truth.sum()} of {len(rows)} ask: precision {right / max(1, said.sum()):.3f} recall {right / truth.sum():.3f}; {wide}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit and measure the question detector.")
    parser.add_argument("--write", action="store_true", help="write the weights")
    parser.add_argument("--show", action="store_true", help="print what is told wrong")
    given = parser.parse_args()
    rows = labelled()
    known = {core(row.text) for row in rows}
    more = [row for row in beside() if core(row.text) not in known]
    scores = cross_validate(rows, more)
    ours = np.array([row.kind == OURS for row in rows])
    for name, chosen in (("all", ours | True), ("chatter", ~ours), (OURS, ours)):
        places = np.flatnonzero(chosen)
        print(f"{name:8}", measured([rows[at] for at in places], scores[places]))
    for kind in sorted({row.kind for row in rows}):
        print(f"fitted without {kind}:", measured([row for row in rows if row.kind == kind], leave_out(rows, more, kind)))
    if given.show:
        for row, score in zip(rows, scores, strict=True):
            if (score >= QUESTION_THRESHOLD) != row.asks:
                print(f"   {score:.2f} {'question' if row.asks else 'talk':8} {row.text[:60]}")
    if given.write:
        lines = Detector([*rows, *more]).shipped()
        write({"question": lines})
        print(f"{sum(line.count(chr(9)) + 1 for line in lines.values())} weights")
    measure_speed()


def measure_speed() -> None:
    texts = [row["text"] for row in load("negatives.jsonl")]
    question_likelihood(texts[0])
    start = time.process_time()
    for text in texts:
        question_likelihood(text)
    print(f"{len(texts) / (time.process_time() - start):,.0f} texts a CPU-second")


if __name__ == "__main__":
    main()
