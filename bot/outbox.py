"""How a feature speaks: what can be said, and the outbox that keeps it until the sender says it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from content.render import Words

ANSWER, NOTICE, POST = 0, 5, 9  # priorities: answers go before notices, notices before posts


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where we can speak: a group, or a private chat with one member."""

    id: str
    channel: str
    group_id: str | None = None
    member_id: str | None = None
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class Text:
    """Words, perhaps with a member mentioned by id."""

    text: str
    mention: str | None = None
    kind = "text"


@dataclass(frozen=True, slots=True)
class Button:
    """A choice on a card: saying `say`, or opening `url`."""

    label: str
    say: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A link card: a title, a few words, perhaps a picture, an address to open, buttons."""

    title: str
    text: str = ""
    url: str = ""
    picture: str = ""
    buttons: tuple[Button, ...] = ()
    kind = "card"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture by its address, with words for who cannot see it."""

    url: str
    text: str = ""
    kind = "picture"


@dataclass(frozen=True, slots=True)
class MiniProgram:
    """A card that opens a mini-program page."""

    title: str
    app_id: str
    path: str
    picture: str = ""
    kind = "mini"

    @property
    def text(self) -> str:
        return self.title


@dataclass(frozen=True, slots=True)
class File:
    """A file by its address."""

    name: str
    url: str
    kind = "file"

    @property
    def text(self) -> str:
        return self.name


Said = Text | Card | Picture | MiniProgram | File


@dataclass(slots=True)
class Outbox:
    """Collects what one event makes us say; written with the event's batch, said after its commit."""

    words: Words
    now: datetime
    feature: str = ""
    cause_id: int | None = None
    operator_id: int | None = None
    needs_confirmation: Callable[[str], bool] = lambda channel: False
    rows: list[dict[str, Any]] = field(default_factory=list)

    def say(
        self, here: Conversation, template: str, /, *, mention: str | None = None, key: str | None = None,
        due_at: datetime | None = None, priority: int = ANSWER, **values: Any,
    ) -> None:
        """Say a template of content/messages in the conversation's language."""
        text = self.words.render(template, here.language, values)
        self.put(here, Text(text, mention), key=key, due_at=due_at, priority=priority)

    def put(
        self, here: Conversation, said: Said, *, key: str | None = None, due_at: datetime | None = None,
        priority: int = ANSWER,
    ) -> None:
        """Say something that is more than words. A `key` makes it once for ever."""
        is_held = self.needs_confirmation(here.channel) and self.operator_id is None
        self.rows.append({
            "key": key, "channel": here.channel, "conversation": here.id, "group_id": here.group_id,
            "member_id": here.member_id, "kind": said.kind,
            "text": said.title + ("\n" + said.text if said.text else "") if isinstance(said, Card) else said.text,
            "body": orjson.dumps(said).decode(), "feature": self.feature, "cause_id": self.cause_id,
            "operator_id": self.operator_id, "priority": priority, "state": "held" if is_held else "queued",
            "reason": None, "tries": 0, "created_at": self.now, "due_at": due_at or self.now,
        })
