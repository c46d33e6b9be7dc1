"""When we speak and when we keep silent; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.events import MessageReceived
from bot.talk import Heard
from content.knowledge import QUESTION_THRESHOLD, SPEAK_ADDRESSED, SPEAK_UNADDRESSED, Candidate, question_likelihood
from storage.groups import SPEAK_CONFIDENT, SPEAK_OFF

MENTION = re.compile(r"@\S{1,40}\s*")
LONGEST = 300  # characters of a question; a member's essay is read up to here
PERHAPS_A_QUESTION = 0.4  # below this likelihood we do not even look
VERY_SURE = 0.85  # confidence wanted of what may be no question
BURST_SECONDS = 8  # messages this close together, by one member, are one question
MAX_BURST = 4
COOL_DOWN_SECONDS = 90  # the same answer is not said twice in a group within this


@dataclass(frozen=True, slots=True)
class Question:
    """Something that may deserve an answer; `text` without mentions, `likelihood` of being a question at all."""

    text: str
    is_addressed: bool
    likelihood: float = 1.0


def parse_question(message: MessageReceived) -> Question | None:
    """A question by its form, or anything said to us. Talk between two members is not for us."""
    text = message.text
    if not text:
        return None
    if message.is_to_us or message.group_id is None:
        return Question(MENTION.sub("", text[: LONGEST * 2]).strip()[:LONGEST], True)
    if message.mentions or message.quotes is not None or len(text) > LONGEST or text[0] == "@":
        return None
    likelihood = question_likelihood(text)
    return Question(text, False, likelihood) if likelihood >= PERHAPS_A_QUESTION else None


def why_silent(speaks: str, is_addressed: bool) -> str | None:
    """A group may want us silent, or only when we are addressed."""
    if speaks == SPEAK_OFF:
        return "switched off in this group"
    if speaks != SPEAK_CONFIDENT and not is_addressed:
        return "speaks only when mentioned"
    return None


def confidence_wanted(asked: Question) -> float:
    """Unasked we want more certainty, and more again where the form of the words leaves it open («几点能自提»)."""
    if asked.is_addressed:
        return SPEAK_ADDRESSED
    return SPEAK_UNADDRESSED if asked.likelihood >= QUESTION_THRESHOLD else VERY_SURE


def is_sure(candidate: Candidate, asked: Question) -> bool:
    return candidate.confidence >= confidence_wanted(asked)


def burst(recent: Sequence[Heard], member_id: str | None, now_text: str) -> str | None:
    """This message together with what the same member said just before, when nothing of it was answered yet."""
    parts: list[str] = []
    for heard in recent:
        if heard.kind != "MessageReceived":
            continue
        if heard.member_id != member_id or heard.outcome in ("answered", "handover") or len(parts) == MAX_BURST:
            break
        parts.append(MENTION.sub("", heard.text or "").strip())
    if not any(parts):
        return None
    return " ".join([*(part for part in reversed(parts) if part), now_text])[-LONGEST:]


def was_just_said(recent: Sequence[Heard], passage_id: str) -> bool:
    return any(heard.outcome == "answered" and heard.reason == passage_id for heard in recent)
