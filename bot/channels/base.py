"""What a channel is: what it can hear and say, its limits, and how sure we are that something was said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import orjson

from bot.events import Event, Handled
from bot.outbox import ANSWER, Conversation
from storage.outbox import Saying

Receive = Callable[[Event], Awaitable[Handled]]


class Hears(StrEnum):
    """Kinds of things a channel can tell us."""

    GROUP_TEXT = "group_text"
    PRIVATE_TEXT = "private_text"
    JOIN = "join"
    JOIN_INVITER = "join_inviter"
    LEAVE = "leave"
    TOPIC = "topic"
    PICTURE = "picture"
    ROSTER = "roster"


class Says(StrEnum):
    """Kinds of things we can say on a channel; the values are the outbox rows' kinds."""

    TEXT = "text"
    MENTION = "mention"
    PICTURE = "picture"
    CARD = "card"
    MINI_PROGRAM = "mini"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many messages one account, or one group (`whose`: account, group), may be sent in so many seconds."""

    whose: str
    seconds: int
    count: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a person would write: so long a character, between `least` and `most` seconds for one message, and
    `apart` seconds between two messages of the account. Each is varied by a fifth or so."""

    seconds_a_character: float = 0.08
    least: float = 0.8
    most: float = 6.0
    apart: float = 1.0


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can and cannot do. Idempotent: sending a row again after a crash shows it once. `allowances` are
    what the network itself allows, or what is prudent there: the budgets an account starts with."""

    hears: frozenset[Hears]
    says: frozenset[Says]
    max_text: int  # characters in one message
    is_idempotent: bool
    needs_confirmation: bool = False  # a person must confirm each message we say
    allowances: tuple[Allowance, ...] = ()
    pace: Pace | None = None  # None: as fast as we can


class Link(StrEnum):
    """How an account stands with its network."""

    STOPPED = "stopped"
    CONNECTING = "connecting"
    SCAN = "scan"  # a person must scan the code in `Standing.code`
    CONNECTED = "connected"
    DEAF = "deaf"  # the connection is lost, and we try again
    REFUSED = "refused"  # a person must act: wrong token, another client took over, banned


@dataclass(slots=True)
class Standing:
    """How an account is now; kept in memory by its channel, shown in the console. `detail` is plain words."""

    link: Link = Link.STOPPED
    since: datetime | None = None
    heard_at: datetime | None = None
    detail: str = ""
    code: str = ""  # what the QR code to scan says
    login: str = ""  # the account's name on its network


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An outbox row on its way. `key` stays the same over retries, for channels that send idempotently."""

    id: int
    key: str
    here: Conversation
    kind: str
    text: str
    body: dict[str, Any]
    operator_id: int | None
    cause_id: int | None
    priority: int = ANSWER

    @classmethod
    def of(cls, row: Saying) -> Outgoing:
        here = Conversation(row.conversation, row.channel, row.group_id, row.member_id)
        body = orjson.loads(row.body)
        return cls(row.id, f"tuan-{row.id}", here, row.kind, row.text, body, row.operator_id, row.cause_id, row.priority)


class TryAgain(Exception):
    """Not said, and it may be said later (`after` seconds, else the usual back-off)."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class NeverSaid(Exception):
    """Not said, and never will be: the channel refuses it."""


def insist(able: Capabilities, message: Outgoing) -> None:
    """A channel says only what it declared. Raises NeverSaid with a plain reason for anything else."""
    if message.kind not in able.says:
        raise NeverSaid(f"this channel cannot say a {message.kind}")
    if len(message.text) > able.max_text:
        raise NeverSaid(f"{len(message.text)} characters, at most {able.max_text} here")


class Handed(Exception):
    """Not said by us: handed to a person who says it on the network itself. The row is held with these words until the
    channel, or an operator, writes down what became of it."""


class Unsure(Exception):
    """It may have been said or not, and this channel leaves no way to know: an operator decides."""


class Channel(Protocol):
    """One login of ours on a messaging network. A new channel is one file that does this. Events carry `name` as
    their channel; `account` tells several logins of one channel apart (the first has the channel's name)."""

    name: str
    account: str
    capabilities: Capabilities
    standing: Standing

    async def start(self, receive: Receive) -> None:
        """Begin to hear; every event heard is passed to `receive`, which returns once it is kept."""

    async def stop(self) -> None:
        """Stop hearing and say goodbye to the network."""

    async def send(self, message: Outgoing) -> str | None:
        """Say it; gives the channel's message id. Raises TryAgain, NeverSaid, Handed or Unsure."""

    async def recorded(self, messages: Sequence[tuple[Outgoing, int]]) -> None:
        """These were said and it is written down, each with its place in the order of what was said."""
