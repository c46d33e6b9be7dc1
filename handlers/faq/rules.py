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
PERHAPS, CERTAIN = 0.2, 0.7  # between these confidences we may ask back which question is meant
CLOSE, NEARLY_EQUAL, MAX_CLOSE = 0.6, 0.85, 3  # a candidate's share of the best one's confidence, unsure and sure
CONTEXT_SECONDS = 300  # how long «这个» means the product spoken of last
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


def too_close_to_tell(found: Sequence[Candidate], asked: Question) -> Sequence[Candidate]:
    """Two or three candidates of which one is probably meant, when we are asked and cannot tell which."""
    if not asked.is_addressed or len(found) < 2 or not PERHAPS <= found[0].confidence < CERTAIN:
        return ()
    share = NEARLY_EQUAL if is_sure(found[0], asked) else CLOSE
    close = [one for one in found[:MAX_CLOSE] if one.confidence >= share * found[0].confidence]
    return close if len(close) > 1 else ()


def product_spoken_of(recent: Sequence[Heard]) -> str | None:
    """The passage of the product we answered about last in this conversation, which «这个» then means."""
    for heard in recent:
        if heard.outcome == "answered" and (heard.reason or "").startswith("product:"):
            return (heard.reason or "").partition(" ")[0]
    return None


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


def answer_name(candidate: Candidate) -> str:
    """What an answer is called in the log: its passage, and the fact of a product («product:prd_x price»)."""
    return candidate.passage_id if candidate.aspect is None else f"{candidate.passage_id} {candidate.aspect}"


def was_just_said(recent: Sequence[Heard], candidate: Candidate) -> bool:
    name = answer_name(candidate)
    return any(heard.outcome == "answered" and heard.reason == name for heard in recent)
