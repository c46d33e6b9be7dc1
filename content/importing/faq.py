"""FAQ entries from rows: question, other phrasings, and an answer whose template is tried first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from content import render
from content.importing import fields
from content.importing.checking import check_all
from content.importing.headers import FAQ, known_as
from content.importing.products import ADDED, UNCHANGED, UPDATED
from content.importing.reading import Row
from content.importing.refusals import Refused, RefusedRow
from storage import faq

ANSWER_VALUES = {"shop": "", "bot_name": ""}  # what an answer's template may name


@dataclass(slots=True)
class Checked:
    """An entry as it is to be stored."""

    line: int
    values: dict[str, Any]
    lines: int = 1

    @property
    def id(self) -> str:
        return str(self.values["id"])


def check(rows: Sequence[Row]) -> tuple[list[Checked], list[RefusedRow]]:
    """What can be stored and what is refused; of two rows with one id the first is taken."""
    return check_all(rows, _entry, _refuse)


def _entry(row: Row) -> Checked:
    return Checked(row.line, _values({known_as(name, FAQ): value for name, value in row.values.items()}))


def _refuse(before: Checked, one: Checked) -> None:
    raise Refused(f"编号与第 {before.line} 行重复", f"the id stands in line {before.line} already")


def _values(named: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": fields.identity(named.get("id"), "编号 id"),
        "question": fields.words(named.get("question"), "问题 question", 400, is_needed=True),
        "answer": fields.words(named.get("answer"), "答案 answer", render.MAX_SOURCE, is_needed=True),
    }
    try:
        render.check(values["answer"], ANSWER_VALUES)
    except render.BrokenTemplate as fault:
        raise Refused(f"答案的模板有错：{fault}", f"the answer's template has a fault: {fault}") from None
    if "phrasings" in named:
        values["phrasings"] = fields.several(named["phrasings"], "问法 phrasings", most=200, longest=400)
    if "category" in named:
        values["category"] = fields.words(named["category"], "分类 category", 80)
    if not fields.is_absent(named.get("is_enabled")):
        values["is_enabled"] = fields.choice(named["is_enabled"], "启用 is_enabled")
    return values


def store(
    session: Session, batch: Sequence[Checked], now: datetime, *, dry_run: bool
) -> Iterator[tuple[Checked, str | Refused]]:
    """Write what is new or changed; gives what became of each: added, updated or unchanged."""
    known = faq.find_with_ids(session, [one.id for one in batch])
    for one in batch:
        before = known.get(one.id)
        is_new = before is None or before.deleted_at is not None
        if before is not None and not is_new and _is_same(before, one.values):
            yield one, UNCHANGED
            continue
        if not dry_run:
            faq.save(session, one.values, now)
        yield one, ADDED if is_new else UPDATED


def _is_same(before: faq.FaqEntry, values: Mapping[str, Any]) -> bool:
    return all(
        before.phrasing_list == value if name == "phrasings" else getattr(before, name) == value
        for name, value in values.items()
    )
