"""Measures the retriever on files of questions with known answers; what `tuan faq eval` and `answer` call."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from content.knowledge.knowledge import SPEAK_ADDRESSED, SPEAK_UNADDRESSED, Knowledge
from content.knowledge.passages import Passage

CHATTER_ALLOWED = 0.02


@dataclass(frozen=True, slots=True)
class Question:
    id: str
    text: str
    right: str | None  # the entry meant; None: nothing should be answered
    kind: str


@dataclass(frozen=True, slots=True)
class Outcome:
    question: Question
    ids: tuple[str, ...]
    confidence: float

    @property
    def is_right(self) -> bool:
        return self.question.right is not None and self.ids[:1] == (self.question.right,)


class BadRows(ValueError):
    """Rows of an evaluation file that cannot be read; `rows` are (file, line, reason)."""

    def __init__(self, rows: list[tuple[str, int, str]]) -> None:
        self.rows = rows
        shown = "; ".join(f"{file}:{line}: {reason}" for file, line, reason in rows[:5])
        more = f"; and {len(rows) - 5} more" if len(rows) > 5 else ""
        super().__init__(shown + more)


def evaluate(
    faq_path: Path | str, queries_path: Path | str, negatives_path: Path | str | None = None, k: int = 3
) -> dict[str, Any]:
    """How well the questions are answered with `k` phrasings an entry; raises BadRows or OSError."""
    knowledge, known, bad = _load_entries(Path(faq_path), k)
    questions, more = _load_questions(Path(queries_path), "query")
    bad += more
    if negatives_path is not None:
        negatives, more = _load_questions(Path(negatives_path), "negative")
        questions += negatives
        bad += more
    bad += [
        (Path(queries_path).name, 0, f"question {each.id} names the unknown entry {each.right}")
        for each in questions
        if each.right is not None and each.right not in known
    ]
    if bad:
        raise BadRows(bad)
    outcomes = [_ask(knowledge, each) for each in questions]
    return _measure(outcomes, len(known), k)


def answer(faq_path: Path | str, queries_path: Path | str, k: int = 3) -> Iterator[dict[str, Any]]:
    """One row a question: `id`, `answer_id` (None below the threshold), `score` (the confidence)."""
    knowledge, _, bad = _load_entries(Path(faq_path), k)
    questions, more = _load_questions(Path(queries_path), "query")
    if bad or more:
        raise BadRows(bad + more)
    for each in questions:
        outcome = _ask(knowledge, each)
        spoken = outcome.ids[0] if outcome.confidence >= SPEAK_ADDRESSED else None
        yield {"id": each.id, "answer_id": spoken, "score": round(outcome.confidence, 6)}


def _ask(knowledge: Knowledge, question: Question) -> Outcome:
    found = knowledge.search(question.text, limit=10)
    ids = tuple(each.passage_id.removeprefix("faq:") for each in found)
    return Outcome(question, ids, found[0].confidence if found else 0.0)


def _measure(outcomes: list[Outcome], entries: int, k: int) -> dict[str, Any]:
    asked = [each for each in outcomes if each.question.right is not None]
    silent = [each for each in outcomes if each.question.right is None]
    chatter = [each for each in silent if each.question.kind.startswith("chatter")] or silent
    result: dict[str, Any] = {
        "entries": entries, "phrasings": k, "queries": len(asked), "negatives": len(silent),
        "top1": _share(each.is_right for each in asked),
        "top3": _share(each.question.right in each.ids[:3] for each in asked),
        "mrr": _mean([_reciprocal(each) for each in asked]),
        "addressed": _at(outcomes, SPEAK_ADDRESSED),
        "unaddressed": _at(outcomes, SPEAK_UNADDRESSED),
    }  # fmt: skip
    if chatter:
        result["at_two_percent_chatter"] = _at(outcomes, _threshold(chatter, CHATTER_ALLOWED))
    kinds = defaultdict(list)
    for each in asked:
        kinds[each.question.kind].append(each)
    result["queries_by_kind"] = {
        kind: {"rows": len(found), "top1": _share(each.is_right for each in found)}
        for kind, found in sorted(kinds.items())
    }
    return result


def _at(outcomes: list[Outcome], threshold: float) -> dict[str, Any]:
    """What is said when everything at or above the threshold is answered."""
    asked = [each for each in outcomes if each.question.right is not None]
    said = [each for each in asked if each.confidence >= threshold]
    kinds: dict[str, list[bool]] = defaultdict(list)
    for each in outcomes:
        if each.question.right is None:
            kinds[each.question.kind].append(each.confidence >= threshold)
    chatter = [value for kind, values in kinds.items() if kind.startswith("chatter") for value in values]
    return {
        "threshold": round(threshold, 6),
        "coverage": round(sum(each.is_right for each in said) / len(asked), 4) if asked else None,
        "precision": _share(each.is_right for each in said),
        "chatter_answered": _share(chatter),
        "answered_by_kind": {kind: _share(values) for kind, values in sorted(kinds.items())},
    }


def _threshold(chatter: list[Outcome], allowed: float) -> float:
    """The lowest threshold at which at most that share of the chatter is answered."""
    scores = sorted((each.confidence for each in chatter), reverse=True)
    first_refused = int(allowed * len(scores))
    return scores[first_refused] + 1e-9 if first_refused < len(scores) else 0.0


def _reciprocal(outcome: Outcome) -> float:
    right = outcome.question.right
    return 1.0 / (outcome.ids.index(right) + 1) if right in outcome.ids else 0.0


def _share(values: Iterable[bool]) -> float | None:
    found = list(values)
    return round(sum(found) / len(found), 4) if found else None


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _load_entries(path: Path, k: int) -> tuple[Knowledge, set[str], list[tuple[str, int, str]]]:
    passages: dict[str, Passage] = {}
    rows, bad = _rows(path)
    for line, row in rows:
        key, question, aliases = row.get("id"), row.get("question"), row.get("aliases") or []
        if not isinstance(key, str | int) or isinstance(key, bool) or not isinstance(question, str):
            bad.append((path.name, line, "needs `id` and `question`"))
        elif not isinstance(aliases, list) or not all(isinstance(each, str) for each in aliases):
            bad.append((path.name, line, "`aliases` must be a list of texts"))
        elif str(key) in passages:
            bad.append((path.name, line, f"`id` {key} stands there twice"))
        else:
            text = row.get("answer")
            spoken = text if isinstance(text, str) else ""
            passages[str(key)] = Passage(f"faq:{key}", "faq", question, tuple(aliases[:k]), spoken)
    return Knowledge(passages.values()), set(passages), bad


def _load_questions(path: Path, kind: str) -> tuple[list[Question], list[tuple[str, int, str]]]:
    found = []
    rows, bad = _rows(path)
    for line, row in rows:
        text, right = row.get("text"), row.get("answer_id")
        if not isinstance(text, str):
            bad.append((path.name, line, "needs `text`"))
        elif right is not None and not isinstance(right, str | int):
            bad.append((path.name, line, "`answer_id` must be an id or null"))
        else:
            shown = row.get("type") or row.get("kb") or kind
            meant = None if right is None else str(right)
            found.append(Question(str(row.get("id", line)), text, meant, str(shown)))
    return found, bad


def _rows(path: Path) -> tuple[list[tuple[int, dict[str, Any]]], list[tuple[str, int, str]]]:
    rows: list[tuple[int, dict[str, Any]]] = []
    bad: list[tuple[str, int, str]] = []
    for line, text in enumerate(path.read_bytes().splitlines(), start=1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            bad.append((path.name, line, f"is not JSON: {error}"))
            continue
        if isinstance(row, dict):
            rows.append((line, row))
        else:
            bad.append((path.name, line, "is not a JSON object"))
    return rows, bad
