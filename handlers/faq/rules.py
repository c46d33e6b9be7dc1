"""When we speak and when we keep silent; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.events import Event, MessageReceived
from bot.talk import Heard
from content.knowledge import (
    QUESTION_THRESHOLD,
    SPEAK_ADDRESSED,
    SPEAK_UNADDRESSED,
    Candidate,
    Spoken,
    question_likelihood,
)
from storage.groups import SPEAK_CONFIDENT, SPEAK_OFF

BY_MODEL = "by model: "  # how the reason begins where the model chose
MENTION = re.compile(r"@\S{1,40}\s*")
LONGEST = 300  # characters of a question; a member's essay is read up to here
PERHAPS_A_QUESTION = 0.4  # below this likelihood we do not even look
VERY_SURE = 0.85  # confidence wanted of what may be no question
PERHAPS, CERTAIN = 0.2, 0.7  # between these confidences we may ask back which question is meant
CLOSE, NEARLY_EQUAL, MAX_CLOSE = 0.6, 0.85, 3  # a candidate's share of the best one's confidence, unsure and sure
FOR_MODEL_ADDRESSED, FOR_MODEL_UNADDRESSED = 0.03, 0.25  # above these confidences a model may choose among the nearest
MODEL_SECONDS = 9.0  # the model gives up before; whoever asked us hears of a person by then
MOST_OFFERED = 12  # passages the model's choice begins with
CONTEXT_SECONDS = 300  # how long «这个» means the product spoken of last
BURST_SECONDS = 8  # messages this close together, by one member, are one question
MAX_BURST = 4
OPERATOR_SECONDS = 180  # we keep silent this long after a person of ours spoke
SETTLE_SECONDS = 2.5  # a member may still be typing the rest of the question
COOL_DOWN_SECONDS = 90  # the same answer is not said twice in a group within this; who asks is pointed to it
FIRST_WORDS = 24  # characters of an answer that a pointer to it repeats


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
    return SPEAK_UNADDRESSED if is_plain(asked) else VERY_SURE


def is_sure(candidate: Candidate, asked: Question) -> bool:
    return candidate.confidence >= confidence_wanted(asked)


def is_plain(asked: Question) -> bool:
    """Is it a question by its form beyond doubt?"""
    return asked.likelihood >= QUESTION_THRESHOLD


def is_for_model(found: Sequence[Candidate], asked: Question) -> bool:
    """The middle band: something is near, but we are not sure; unasked, only plain questions."""
    if not found:
        return False
    if asked.is_addressed:
        return found[0].confidence >= FOR_MODEL_ADDRESSED
    return is_plain(asked) and found[0].confidence >= FOR_MODEL_UNADDRESSED


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
        passage_id = passage_of(heard)
        if passage_id is not None and passage_id.startswith("product:"):
            return passage_id
    return None


def spoken_of(recent: Sequence[Heard], event: Event) -> Spoken:
    """What the conversation is about when this is asked."""
    quoted = event.quoted_text if isinstance(event, MessageReceived) else None
    return Spoken(product_spoken_of(recent), quoted or "")


def said_of(heard: Heard) -> str | None:
    """The name of an answer that was given; of several passages the model cited, the first."""
    if heard.outcome != "answered" or not heard.reason:
        return None
    return heard.reason.removeprefix(BY_MODEL).partition(",")[0]


def passage_of(heard: Heard) -> str | None:
    """The passage an answer was given from."""
    name = said_of(heard)
    return None if name is None else name.partition(" ")[0]


def has_moved_on(recent: Sequence[Heard], member_id: str | None, asked_id: int) -> bool:
    """Did the member get an answer, a person or a newer try after they asked this?"""
    settled = ("answered", "pointed", "handover", "asked_back", "asked_model")
    return any(
        heard.inbox_id > asked_id and heard.member_id == member_id and heard.kind == "MessageReceived"
        and heard.outcome in settled
        for heard in recent
    )


def burst(recent: Sequence[Heard], member_id: str | None, now_text: str) -> str | None:
    """This message together with what the same member said just before, when nothing of it was answered yet."""
    parts: list[str] = []
    for heard in recent:
        if heard.kind != "MessageReceived":
            continue
        if heard.member_id != member_id or heard.outcome in ("answered", "pointed", "handover") or len(parts) == MAX_BURST:
            break
        parts.append(MENTION.sub("", heard.text or "").strip())
    if not any(parts):
        return None
    return " ".join([*(part for part in reversed(parts) if part), now_text])[-LONGEST:]


def answer_name(candidate: Candidate) -> str:
    """What an answer is called in the log: its passage, and the fact of a product («product:prd_x price»)."""
    return candidate.passage_id if candidate.aspect is None else f"{candidate.passage_id} {candidate.aspect}"


def find_said(recent: Sequence[Heard], candidate: Candidate) -> Heard | None:
    """Where this answer was given lately."""
    name = answer_name(candidate)
    return next((heard for heard in recent if said_of(heard) == name), None)


def is_by_model(heard: Heard) -> bool:
    return (heard.reason or "").startswith(BY_MODEL)


def was_pointed_to(recent: Sequence[Heard], name: str) -> bool:
    return any(heard.outcome == "pointed" and heard.reason == name[:200] for heard in recent)


def first_words(text: str) -> str:
    """The beginning of an answer, enough to find it again."""
    line = " ".join(text.split())
    return line if len(line) <= FIRST_WORDS else line[:FIRST_WORDS].rstrip(",.，。、；;：: ") + "…"
