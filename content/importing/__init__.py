"""Takes products, FAQ entries and members from files: stores what is sound, tells the rest by line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from content.importing import faq, members, products, reading
from content.importing.refusals import Refused, RefusedRow, Unreadable
from storage.database import Database

KINDS: dict[str, ModuleType] = {"products": products, "faq": faq, "members": members}
BATCH = 100  # rows in one transaction: short, so that a running operator's lane is not kept waiting

Progress = Callable[[int, int], None]

__all__ = ["KINDS", "Refused", "RefusedRow", "Summary", "Unreadable", "import_file"]


@dataclass(slots=True)
class Summary:
    """What became of a file. Several rows of one product count as one."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[RefusedRow] = field(default_factory=list)

    def as_json(self, language: str) -> dict[str, Any]:
        return {
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "refused": [
                {"line": one.line, "reason": one.reason.in_language(language)} for one in self.refused
            ],
        }


def import_file(
    database: Database,
    kind: str,
    path: Path,
    now: Callable[[], datetime],
    *,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> Summary:
    """Upsert the file's rows by id, in short transactions. Raises Unreadable before anything is written."""
    noun = KINDS[kind]
    rows, refused = reading.read(path)
    checked, more = noun.check(rows)
    summary = Summary(refused=[*refused, *more])
    for start in range(0, len(checked), BATCH):
        with database.write() as session:
            outcomes = list(noun.store(session, checked[start : start + BATCH], now(), dry_run=dry_run))
        for one, outcome in outcomes:
            if isinstance(outcome, Refused):
                summary.refused.append(RefusedRow(one.line, outcome))
            else:
                setattr(summary, outcome, getattr(summary, outcome) + 1)
        progress(min(start + BATCH, len(checked)), len(checked))
    summary.refused.sort(key=lambda one: one.line)
    return summary
