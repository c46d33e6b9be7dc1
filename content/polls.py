"""A poll as an operator writes it: a question, two to six choices, perhaps the right one, and how long it is open; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

LEAST, MOST = 2, 6
LONGEST_QUESTION, LONGEST_CHOICE = 200, 40
DEFAULT_HOURS, MOST_HOURS = 24, 7 * 24
NUMBERED = re.compile(r"^\s*(?:[1-6１-６][.、．:：)）]\s*)?")
VOTE = re.compile(r"(?:选|投|我选|我投|vote)?\s*([1-6１-６])\s*(?:号|️?⃣)?\s*[。.!！~～]*", re.IGNORECASE)


class BadPoll(ValueError):
    """What was written is no poll; says why."""


@dataclass(frozen=True, slots=True)
class Poll:
    """`right` is the number of the right answer, None where there is none: with one it is a quiz."""

    question: str
    choices: tuple[str, ...]
    right: int | None = None
    hours: int = DEFAULT_HOURS

    @property
    def lines(self) -> str:
        return "\n".join(f"{number}. {choice}" for number, choice in enumerate(self.choices, 1))


def read(question: str, choices: str, right: str = "", hours: str = "") -> Poll:
    """A poll from its words; a choice a line. Raises BadPoll."""
    listed = tuple(NUMBERED.sub("", line, count=1).strip() for line in choices.splitlines() if line.strip())
    asked = question.strip()
    if not 0 < len(asked) <= LONGEST_QUESTION:
        raise BadPoll(f"a question has 1 to {LONGEST_QUESTION} characters")
    if not LEAST <= len(listed) <= MOST or len(set(listed)) != len(listed):
        raise BadPoll(f"a poll has {LEAST} to {MOST} different choices, a line each")
    if any(not 0 < len(one) <= LONGEST_CHOICE for one in listed):
        raise BadPoll(f"a choice has 1 to {LONGEST_CHOICE} characters")
    return Poll(
        asked, listed, _number(right, "the right choice", len(listed)), _number(hours, "hours", MOST_HOURS) or DEFAULT_HOURS
    )


def _number(written: str, name: str, most: int) -> int | None:
    if not written.strip():
        return None
    if not re.fullmatch(r"\d{1,3}", written.strip()) or not 1 <= int(written) <= most:
        raise BadPoll(f"{name}: a number from 1 to {most}")
    return int(written)


def read_vote(text: str) -> int | None:
    """The number a member says, alone: 2, ２, 选2, 2号."""
    found = VOTE.fullmatch(text.strip())
    return int(found[1]) if found is not None else None
