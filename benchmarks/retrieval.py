"""Measures the retriever beside word BM25, character TF-IDF and their rank fusion in one run.

    python -m benchmarks.retrieval [--json] [--phrasings 3] [--faq F --queries Q --negatives N]

«ours» is what ships; «ours, cross-validated» answers every dev question by a fit that never saw its entry.
"""

from __future__ import annotations

import argparse
import collections
import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import jieba

from benchmarks.retrieval_cases import DATA, dev_cases, load, made_cases, shop_cases
from benchmarks.train_retrieval import cross_validate
from content.knowledge import SPEAK_ADDRESSED, SPEAK_UNADDRESSED, Knowledge, Passage, normalise
from content.knowledge.text import units, without_punctuation

Ranked = list[tuple[str, float]]
Search = Callable[[str], Ranked]


@dataclass(frozen=True, slots=True)
class Row:
    """A question as one method answered it."""

    kind: str
    kb: str
    right: str | None
    ids: tuple[str, ...]
    score: float


class Sparse:
    """BM25 or TF-IDF cosine over the texts of the entries; an entry is as good as its best text."""

    def __init__(self, texts: list[tuple[str, str]], cut: Callable[[str], list[str]], is_cosine: bool) -> None:
        self.cut, self.is_cosine = cut, is_cosine
        self.owners = [owner for owner, _ in texts]
        counts = [collections.Counter(cut(text)) for _, text in texts]
        held = collections.Counter(term for count in counts for term in count)
        many = len(counts)
        self.idf = {term: math.log(1 + (many - found + 0.5) / (found + 0.5)) for term, found in held.items()}
        self.unseen = math.log(1 + (many + 0.5) / 0.5)
        mean = sum(map(sum, (count.values() for count in counts))) / many
        self.postings: dict[str, list[tuple[int, float]]] = collections.defaultdict(list)
        for at, count in enumerate(counts):
            size = sum(count.values())
            norm = math.sqrt(sum(((1 + math.log(n)) * self.idf[term]) ** 2 for term, n in count.items())) or 1.0
            for term, n in count.items():
                if is_cosine:
                    weight = (1 + math.log(n)) * self.idf[term] / norm
                else:
                    weight = self.idf[term] * n * 2.2 / (n + 1.2 * (0.25 + 0.75 * size / mean))
                self.postings[term].append((at, weight))

    def __call__(self, text: str) -> Ranked:
        count = collections.Counter(self.cut(text))
        asked = {term: (1 + math.log(n)) * self.idf.get(term, self.unseen) for term, n in count.items()}
        norm = math.sqrt(sum(weight * weight for weight in asked.values())) or 1.0
        scores: dict[str, float] = {}
        sums: dict[int, float] = collections.defaultdict(float)
        for term, weight in asked.items():
            for at, value in self.postings.get(term, ()):
                sums[at] += value * weight / norm if self.is_cosine else value
        for at, value in sums.items():
            scores[self.owners[at]] = max(scores.get(self.owners[at], 0.0), value)
        return sorted(scores.items(), key=lambda each: (-each[1], each[0]))[:20]


def words(text: str) -> list[str]:
    return [word for word in jieba.lcut(without_punctuation(normalise(text))) if word.strip()]


def characters(text: str) -> list[str]:
    sequence = units(normalise(text))
    return sequence + [first + second for first, second in pairwise(sequence)]


def fused(first: Search, second: Search) -> Search:
    """Reciprocal rank fusion, with the second's score as the confidence."""

    def search(text: str) -> Ranked:
        one, two = first(text), second(text)
        sums: dict[str, float] = collections.defaultdict(float)
        for ranked in (one, two):
            for place, (key, _) in enumerate(ranked):
                sums[key] += 1 / (60 + place)
        order = sorted(sums, key=lambda key: (-sums[key], key))
        return [(key, two[0][1] if two else 0.0) for key in order]

    return search


def ours(knowledge: Knowledge) -> Search:
    def search(text: str) -> Ranked:
        return [(each.passage_id.removeprefix("faq:"), each.confidence) for each in knowledge.search(text, limit=5)]

    return search


def asked(search: Search, queries: list[dict[str, Any]], negatives: list[dict[str, Any]]) -> tuple[list[Row], float]:
    """Every row answered, and how many a CPU-second."""
    rows = []
    start = time.process_time()
    for row in [*queries, *negatives]:
        found = search(row["text"])
        ids, score = tuple(key for key, _ in found), found[0][1] if found else 0.0
        rows.append(Row(row.get("type", "query"), row.get("kb", ""), row.get("answer_id"), ids, score))
    return rows, len(rows) / (time.process_time() - start)


def measured(rows: list[Row], threshold: float | None = None) -> dict[str, Any]:
    queries = [row for row in rows if row.right is not None]
    talk = sorted((row.score for row in rows if row.kind.startswith("chatter")), reverse=True)
    if threshold is None:
        threshold = talk[int(0.02 * len(talk))] if talk else 0.0
    said = [row for row in queries if row.score > threshold]
    right = [row for row in said if row.ids[:1] == (row.right,)]
    result: dict[str, Any] = {
        "top1": _share([row.ids[:1] == (row.right,) for row in queries]),
        "top3": _share([row.right in row.ids[:3] for row in queries]),
        "threshold": round(threshold, 4), "coverage": round(len(right) / len(queries), 4),
        "precision": _share([row.ids[:1] == (row.right,) for row in said]),
        "talk": _share([score > threshold for score in talk]),
    }  # fmt: skip
    for kind in sorted({row.kind for row in rows if row.right is None}):
        result[kind] = _share([row.score > threshold for row in rows if row.kind == kind])
    for kb in sorted({row.kb for row in queries}):
        own = [row for row in queries if row.kb == kb]
        result[f"top1 {kb}"] = _share([row.ids[:1] == (row.right,) for row in own])
        result[f"coverage {kb}"] = _share([row.ids[:1] == (row.right,) and row.score > threshold for row in own])
    return result


def _share(values: list[bool]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the retriever beside others.")
    parser.add_argument("--faq", type=Path, default=DATA / "faq.jsonl")
    parser.add_argument("--queries", type=Path, default=DATA / "queries.jsonl")
    parser.add_argument("--negatives", type=Path, default=DATA / "negatives.jsonl")
    parser.add_argument("--phrasings", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    entries, queries, negatives = (load(path.name, path.parent) for path in (given.faq, given.queries, given.negatives))
    texts = [(row["id"], text) for row in entries for text in (row["question"], *row["aliases"][: given.phrasings])]
    jieba.setLogLevel(logging.ERROR)
    jieba.initialize()
    word_bm25, character_cosine = Sparse(texts, words, False), Sparse(texts, characters, True)
    knowledge = Knowledge(
        Passage(f"faq:{row['id']}", "faq", row["question"], tuple(row["aliases"][: given.phrasings])) for row in entries
    )
    results: dict[str, dict[str, Any]] = {}
    for name, search in (
        ("word BM25", word_bm25), ("character BM25", Sparse(texts, characters, False)),
        ("character TF-IDF", character_cosine), ("rank fusion", fused(word_bm25, character_cosine)),
        ("ours", ours(knowledge)),
    ):  # fmt: skip
        rows, speed = asked(search, queries, negatives)
        results[name] = {**measured(rows), "per_second": round(speed)}
    results["ours, addressed"] = measured(rows, SPEAK_ADDRESSED)
    results["ours, unaddressed"] = measured(rows, SPEAK_UNADDRESSED)
    if given.faq.parent == DATA:
        answers = cross_validate(dev_cases(phrasings=given.phrasings), [*made_cases(), *shop_cases()])
        rows = [Row(case.kind, case.kb, case.right, tuple(ids), score) for case, ids, score in answers]
        results["ours, cross-validated"] = measured(rows)
        results["cross-validated, addressed"] = measured(rows, SPEAK_ADDRESSED)
        results["cross-validated, unaddressed"] = measured(rows, SPEAK_UNADDRESSED)
    if given.json:
        print(json.dumps(results, ensure_ascii=False, indent=1))
        return
    columns = list(results["ours"])
    print("| | " + " | ".join(results) + " |\n" + "|---" * (len(results) + 1) + "|")
    for column in columns:
        print(f"| {column} | " + " | ".join(str(result.get(column, "")) for result in results.values()) + " |")


if __name__ == "__main__":
    main()
