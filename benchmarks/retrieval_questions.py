"""Fits and measures the question detector on group talk labelled by hand.

`question_labels.json` names rows of negatives.jsonl by id; `group_talk.txt` is talk written for this project. Half
of the labelled rows were drawn from those with a mark of a question, half from those without, so the figures are
weighted back to how often each kind is met.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import time
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from benchmarks.retrieval_cases import dev_texts, fold_of, load
from benchmarks.train_retrieval import write
from content.knowledge.questions import _MARK, QUESTION_THRESHOLD, question_likelihood, signs

HERE = Path(__file__).parent
SEEN_AT_LEAST = 3
Row = tuple[str, bool, float, str]  # text, is a question, weight, where from


def labelled() -> list[Row]:
    texts = {row["id"]: row["text"] for row in load("negatives.jsonl")}
    labels = json.loads((HERE / "question_labels.json").read_text(encoding="utf-8"))
    rows: list[Row] = []
    for name, truth in (("questions", True), ("talk", False)):
        rows += [(texts[key], truth, 1.0, "chatter") for key in labels[name] if key in texts]
    for line in (HERE / "group_talk.txt").read_text(encoding="utf-8").splitlines():
        if line[:1] in "?-":
            rows.append((line[2:], line[0] == "?", 1.0, "ours"))
    return rows


def beside() -> list[Row]:
    """Texts whose label is nearly sure: general questions, and reviews that ask nothing."""
    dev = dev_texts()
    asked = sorted({pair["a"] for pair in load("pairs.jsonl") if pair["source"] == "lcqmc_dev"} - dev)
    rows: list[Row] = [(text, True, 0.25, "general") for text in random.Random(2).sample(asked, 2500)]
    for row in load("negatives.jsonl"):
        if row["type"] == "chatter_product" and not any(sign in row["text"] for sign in "?？吗"):
            rows.append((row["text"], False, 0.5, "review"))
    return rows


class Detector:
    def __init__(self, rows: list[Row], c: float) -> None:
        rows = [row for row in rows if _MARK.search(row[0])]
        counts = collections.Counter(sign for row in rows for sign in set(signs(row[0])))
        self.places = {sign: at for at, sign in enumerate(sorted(s for s, n in counts.items() if n >= SEEN_AT_LEAST))}
        model = LogisticRegression(max_iter=3000, C=c)
        model.fit(self.table([row[0] for row in rows]), [row[1] for row in rows], [row[2] for row in rows])
        self.weights, self.constant = model.coef_[0], float(model.intercept_[0])

    def table(self, texts: list[str]) -> csr_matrix:
        row, column = [], []
        for at, text in enumerate(texts):
            for sign in signs(text):
                if sign in self.places:
                    row.append(at)
                    column.append(self.places[sign])
        return csr_matrix((np.ones(len(row)), (row, column)), shape=(len(texts), len(self.places)))

    def scores(self, texts: list[str]) -> np.ndarray:
        logits = self.table(texts) @ self.weights + self.constant
        marked = np.array([_MARK.search(text) is not None for text in texts])
        return np.where(marked, 1 / (1 + np.exp(-logits)), 0.02)


def measure(rows: list[Row], scores: np.ndarray, threshold: float) -> str:
    truth = np.array([row[1] for row in rows])
    said = scores > threshold
    right = (said & truth).sum()
    return f"at {threshold:.2f} precision {right / max(1, said.sum()):.3f} recall {right / truth.sum():.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit and measure the question detector.")
    parser.add_argument("--write", action="store_true", help="write the weights")
    parser.add_argument("--show", action="store_true", help="print what is told wrong")
    given = parser.parse_args()
    rows, more = labelled(), beside()
    known = {row[0] for row in rows}
    more = [row for row in more if row[0] not in known]
    print(f"{len(rows)} labelled, {sum(row[1] for row in rows)} questions")
    for c in (1.0, 3.0):
        scores = np.zeros(len(rows))
        for fold in range(5):
            fit = Detector([row for row in rows if fold_of(row[0]) != fold] + more, c)
            test = [at for at, row in enumerate(rows) if fold_of(row[0]) == fold]
            scores[test] = fit.scores([rows[at][0] for at in test])
        for threshold in (0.5, 0.6, 0.7, 0.8, 0.85, 0.9):
            parts = [
                measure([rows[at] for at in places], scores[places], threshold)
                for places in (
                    [at for at, row in enumerate(rows) if row[3] == "chatter"],
                    [at for at, row in enumerate(rows) if row[3] == "ours"],
                    list(range(len(rows))),
                )
            ]
            print(f"C {c}: chatter {parts[0]} | ours {parts[1]} | all {parts[2]}")
        if given.show and c == 3.0:
            for at, row in enumerate(rows):
                if (scores[at] > QUESTION_THRESHOLD) != row[1]:
                    print(f"   {scores[at]:.2f} {'question' if row[1] else 'talk':8} {row[0][:60]}")
    if given.write:
        fit = Detector(rows + more, 3.0)
        pairs = zip(fit.places, fit.weights, strict=True)
        table = {sign: round(float(weight), 3) for sign, weight in pairs if abs(weight) > 0.02}
        write({"question": {**table, "constant": round(fit.constant, 4)}})
        print(f"{len(table)} weights")
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
