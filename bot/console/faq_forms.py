"""Reads an FAQ entry from its form, tries its answer as a template, and finds entries that ask the same."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from content.knowledge import normalise
from content.render import BrokenTemplate, check
from storage.faq import FaqEntry

LONGEST_QUESTION, LONGEST_CATEGORY, MAX_PHRASINGS = 400, 80, 80
MARKS = re.compile(r"[\W_]+")
COUNT = re.compile(r"[0-9]{1,9}")

Translate = Callable[..., str]


@dataclass(slots=True)
class FaqForm:
    """An entry as typed; what could not be understood is in `errors` by field name."""

    id: str = ""
    question: str = ""
    category: str = ""
    phrasings: str = ""
    answer: str = ""
    is_enabled: bool = True
    revision: int = 0
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def phrasing_list(self) -> list[str]:
        return list(dict.fromkeys(line.strip() for line in self.phrasings.splitlines() if line.strip()))

    @property
    def values(self) -> dict[str, Any]:
        """The fields as written, for showing them again."""
        return {name: getattr(self, name) for name in ("question", "category", "phrasings", "answer", "is_enabled")}

    def columns(self) -> dict[str, Any]:
        """What to save; only for a form without errors."""
        return {
            "id": self.id or f"faq_{secrets.token_hex(6)}", "question": self.question, "category": self.category,
            "phrasings": self.phrasing_list, "answer": self.answer, "is_enabled": self.is_enabled,
        }


@dataclass(frozen=True, slots=True)
class Double:
    """Another entry that is asked with the same words; a contradiction when it answers differently."""

    entry_id: str
    question: str
    wording: str
    is_contradiction: bool


def of_entry(entry: FaqEntry) -> FaqForm:
    return FaqForm(
        id=entry.id, question=entry.question, category=entry.category, phrasings="\n".join(entry.phrasing_list),
        answer=entry.answer, is_enabled=entry.is_enabled, revision=entry.revision,
    )


def read(form: Mapping[str, Any], entry_id: str, known: Mapping[str, Any], translate: Translate) -> FaqForm:
    """What was typed, with its faults in the operator's language; `known` is what an answer may name."""
    revision = form.get("revision")
    typed = FaqForm(
        id=entry_id, question=_text(form.get("question")), category=_text(form.get("category")),
        phrasings=_text(form.get("phrasings")), answer=_text(form.get("answer")),
        is_enabled=bool(form.get("is_enabled")),
        revision=int(revision) if isinstance(revision, str) and COUNT.fullmatch(revision) else 0,
    )
    errors = typed.errors
    if not typed.question:
        errors["question"] = translate("请填写问题。")
    elif len(typed.question) > LONGEST_QUESTION:
        errors["question"] = translate("太长了。")
    if len(typed.category) > LONGEST_CATEGORY:
        errors["category"] = translate("太长了。")
    phrasings = typed.phrasing_list
    if len(phrasings) > MAX_PHRASINGS or any(len(each) > LONGEST_QUESTION for each in phrasings):
        errors["phrasings"] = translate(
            "最多%(most)s种问法，每种不超过%(length)s个字。", most=MAX_PHRASINGS, length=LONGEST_QUESTION
        )
    if not typed.answer:
        errors["answer"] = translate("请填写答案。")
    else:
        try:
            check(typed.answer, known)
        except BrokenTemplate as error:
            errors["answer"] = translate("这个模板不能用：%(reason)s", reason=str(error))
    return typed


def find_doubles(typed: FaqForm, others: Sequence[FaqEntry]) -> list[Double]:
    """Other entries sharing a question or phrasing with this one, contradictions first."""
    ours = {key: wording for wording in (typed.question, *typed.phrasing_list) if (key := same_key(wording))}
    found = []
    for other in others:
        if other.id == typed.id:
            continue
        for wording in (other.question, *other.phrasing_list):
            if same_key(wording) in ours:
                differs = other.answer.strip() != typed.answer.strip()
                found.append(Double(other.id, other.question, wording, differs))
                break
    return sorted(found, key=lambda double: (not double.is_contradiction, double.entry_id))


def find_all_doubles(entries: Sequence[FaqEntry]) -> dict[str, bool]:
    """Entries that share a wording with another one: their ids, and whether the answers contradict."""
    askers: dict[str, dict[str, str]] = {}
    for entry in entries:
        for wording in (entry.question, *json.loads(entry.phrasings)):
            if key := same_key(wording):
                askers.setdefault(key, {})[entry.id] = entry.answer.strip()
    doubles: dict[str, bool] = {}
    for answers in askers.values():
        if len(answers) > 1:
            contradicts = len(set(answers.values())) > 1
            for entry_id in answers:
                doubles[entry_id] = doubles.get(entry_id, False) or contradicts
    return doubles


def same_key(wording: str) -> str:
    """What two wordings have in common when they are the same question but for marks, width and case."""
    return MARKS.sub("", normalise(wording).lower())


def _text(value: Any) -> str:
    return value.replace("\r\n", "\n").replace("\0", "").strip() if isinstance(value, str) else ""
