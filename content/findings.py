"""What a check of a text found: how bad, which rule, where, why, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass

BLOCK, WARN, NOTE = "block", "warn", "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `place` are the words it was found in; `rewrite` is empty where we have none to suggest."""

    level: str
    rule: str
    place: str
    why: str
    rewrite: str = ""


def is_blocked(findings: list[Finding]) -> bool:
    return any(one.level == BLOCK for one in findings)
