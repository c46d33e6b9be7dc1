"""What a check of a text found: how bad, which rule, where, why, and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BLOCK, WARN, NOTE, OK = "block", "warn", "note", "ok"
WORST_FIRST = (BLOCK, WARN, NOTE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `place` are the words it was found in, `start` and `end` where they stand in the text; `rewrite` is
    empty where we have none to suggest; `origin` names the law or rule it comes from (docs/compliance.md)."""

    level: str
    rule: str
    place: str
    why: str
    rewrite: str = ""
    start: int = 0
    end: int = 0
    why_en: str = ""
    rewrite_en: str = ""
    origin: str = ""


def is_blocked(findings: Sequence[Finding]) -> bool:
    return any(one.level == BLOCK for one in findings)


def worst(findings: Sequence[Finding]) -> str:
    """The level of the worst of them; «ok» when there is none."""
    levels = {one.level for one in findings}
    return next((level for level in WORST_FIRST if level in levels), OK)
