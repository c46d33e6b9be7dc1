"""What can happen, as frozen facts. What happens to drops, teams, orders and money is in bot/trading.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot import choosing, earning, fulfilling, outside, referring, signing, trading
from bot.event import COLUMNS as COLUMNS
from bot.event import Event as Event
from bot.event import Handled as Handled
from bot.event import extras_of as extras_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(Event):
    """A member wrote something in a group or to us alone. `quotes` is the channel's id of the message quoted."""

    message_id: str = ""
    is_to_us: bool = False
    mentions: tuple[str, ...] = ()
    quotes: str | None = None
    quoted_text: str | None = None
    picture: str | None = None
    roster: str | None = None

    @property
    def is_private(self) -> bool:
        return self.group_id is None

    @property
    def is_addressed(self) -> bool:
        """Said to us: in private, or by a mention in a group."""
        return self.is_to_us or self.group_id is None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberJoined(Event):
    """A member entered a group; `inviter_id` where the channel tells, `via` the link or state they came by, `visitor` the
    id their browser is known by where it is known."""

    inviter_id: str | None = None
    via: str | None = None
    visitor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLeft(Event):
    """A member left a group, or was taken out of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicChanged(Event):
    """A group got another topic (its text)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFound(Event):
    """An account sits in a group (its name is the text): new ones are listened to only, until an operator says more."""

    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupClosed(Event):
    """A group was dismissed: nothing is heard or said there any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingLost(Event):
    """From `occurred_at` on an account could hear nothing; the text says why. Its lane is `account:<account>`."""

    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingBack(Event):
    """An account hears again since `occurred_at`; what was said since `lost_at` may be missing, as the text says."""

    account: str = ""
    lost_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersListed(Event):
    """A channel read who is in a group, each as (id, name, inviter's id or ""): joins and leaves it never told of show
    here. Without `is_whole` somebody may be missing from the list, and nobody is taken to have left."""

    account: str = ""
    members: tuple[tuple[str, str, str], ...] = ()
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class GreetingDue(Event):
    """Members who came into a group lately are to be welcomed together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionUnanswered(Event):
    """A question put to us found no answer we stand by; `asked_id` is its interaction."""

    asked_id: int = 0
    asked_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAnswered(Event):
    """What the language model made of a question (`text`): `verdict` is chosen, none, or why there is no answer.
    `cited` are passage ids; an empty `answer` asks for the one passage's own words (of a product: its `aspect`)."""

    asked_id: int = 0
    asked_at: str = ""
    asked_key: str = ""
    is_addressed: bool = False
    verdict: str = ""
    cited: tuple[str, ...] = ()
    aspect: str = ""
    answer: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    is_kept: bool = False
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionOpened(Event):
    """A question was put to us and not answered at once; it is this event's cause."""

    asked_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverOpened(Event):
    """A member waits for a person; `reason` is asked, unanswered or complaint. An open one may turn into a complaint."""

    handover_id: int = 0
    asked_id: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSpokeAgain(Event):
    """A member went on after an operator's reply in a handover; `asked_id` is what they said, at `occurred_at`."""

    handover_id: int = 0
    asked_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineReached(Event):
    """A clock came to a stage: a warning, or what was promised is late."""

    clock_id: int = 0
    stage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingDue(Event):
    """Answers given half an hour ago are to be judged: those after `after_id`, given before `occurred_at`."""

    after_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDue(Event):
    """A post is to be said now in a group, or to a member; `tries` is how often it was put off before."""

    occurrence_id: int = 0
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentSet(Event):
    """Something that posts may be planned around is, or was, at `at` (ISO 8601 in UTC); an empty `at` takes it back.
    `anchor` says what it is (drop_opens, drop_closes …), `subject` which one; without a group it concerns all."""

    anchor: str = ""
    subject: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollAsked(Event):
    """A poll opens in a group, by a post that said it (`is_said`) or by an operator; `right` is the number of a quiz's right
    choice, 0 for none. `source` says where it comes from."""

    question: str = ""
    choices: tuple[str, ...] = ()
    right: int = 0
    hours: int = 24
    source: str = ""
    is_said: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PollProgressDue(Event):
    """Somebody voted some minutes ago: time to say how a poll goes."""

    poll_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PollClosingDue(Event):
    """A poll's time is over, or an operator ends it."""

    poll_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialCountDue(Event):
    """What groups did after one time of a plan whose variants are tried is to be counted; `looks` is how often we waited."""

    trial_id: int = 0
    slot: str = ""
    looks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSpoke(Event):
    """An operator says something in a conversation, from the console; for a handover when it has one. `address` is
    where they sit, for the audit log."""

    operator_id: int = 0
    operator_name: str = ""
    address: str = ""
    handover_id: int | None = None
    mention: str | None = None


KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        MessageReceived, MemberJoined, MemberLeft, TopicChanged, GroupFound, GroupClosed, HearingLost, HearingBack,
        MembersListed, GreetingDue,
        QuestionUnanswered, OperatorSpoke, ModelAnswered, QuestionOpened, HandoverOpened, MemberSpokeAgain, DeadlineReached, JudgingDue,
        PostDue, MomentSet, PollAsked, PollProgressDue, PollClosingDue, TrialCountDue,
        *trading.EVENTS, *outside.EVENTS, *signing.EVENTS, *fulfilling.EVENTS, *referring.EVENTS,
        *earning.EVENTS, *choosing.EVENTS,
    )
}


def read(row: Any) -> Event:
    """The event of an interaction row. Raises KeyError for a kind of a newer version."""
    return KINDS[row.kind].read(row)
