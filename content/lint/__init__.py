"""The guard over words: what a post may not say, where it says it, why, and what to write instead."""

from __future__ import annotations

from content.lint.checking import Dictionary, check
from content.lint.facts import Facts, Offered

__all__ = ["Dictionary", "Facts", "Offered", "check"]
