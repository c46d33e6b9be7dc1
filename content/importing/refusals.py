"""A row's or a file's no, said in Chinese and in English, because a shop reads it in one of the two."""

from __future__ import annotations

from dataclasses import dataclass


class Refused(ValueError):
    """One row cannot be taken; says why in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en

    def in_language(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


class Unreadable(Refused):
    """The file as a whole cannot be read: nothing of it was taken."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A line of the file that was not taken, and why."""

    line: int
    reason: Refused
