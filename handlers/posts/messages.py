"""Makes a post's parts with live values, and says them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from bot.outbox import POST, Button, Card, Conversation, MiniProgram, Outbox, Picture, Said, Text
from bot.values import Subject, Values
from content import polls, render
from content.polls import BadPoll, Poll
from content.render import BrokenTemplate

Part = Mapping[str, Any]
FIELDS: dict[str, tuple[str, ...]] = {  # the words of each kind of part, and first which must not be empty
    "text": ("text",), "picture": ("url", "text"), "card": ("title", "text", "url", "picture"),
    "mini": ("title", "app_id", "path", "picture"), "poll": ("question", "choices", "right", "hours"),
}
NEEDED = {"text": ("text",), "picture": ("url",), "card": ("title",), "mini": ("title", "app_id", "path"), "poll": ("question", "choices")}


class MissingValue(ValueError):
    """A post names something that is not there now, like a product that is sold no more."""


def find_values(session: Session, parts: Sequence[Part], subject: Subject, values: Values) -> dict[str, Any]:
    """The live values these parts ask for, and no others. Raises MissingValue and BrokenTemplate."""
    found = {}
    for part in parts:
        for field in FIELDS[part["kind"]]:
            for name in render.names_in(part.get(field, "")):
                if name in values and name not in found:
                    found[name] = values[name].find(session, subject)
                    if found[name] is None:
                        raise MissingValue(name)
    return found


def make(parts: Sequence[Part], found: Mapping[str, Any], mention: str | None = None) -> list[Said]:
    """The parts with their words. Raises BrokenTemplate."""
    said: list[Said] = []
    for part in parts:
        words = {field: render.render(part.get(field, ""), found).strip() for field in FIELDS[part["kind"]]}
        match part["kind"]:
            case "text":
                said.append(Text(words["text"], mention))
            case "picture":
                said.append(Picture(**words))
            case "card":
                said.append(Card(words["title"], words["text"], words["url"], words["picture"]))
            case "poll":
                said.append(_poll_card(read_poll(words)))
            case _:
                said.append(MiniProgram(**words))
    return said


def read_poll(words: Mapping[str, str]) -> Poll:
    """The poll of a part whose words are made. Raises BrokenTemplate."""
    try:
        return polls.read(words["question"], words["choices"], words.get("right", ""), words.get("hours", ""))
    except BadPoll as bad:
        raise BrokenTemplate(str(bad)) from None


def find_polls(parts: Sequence[Part], found: Mapping[str, Any]) -> list[Poll]:
    """The polls among the parts."""
    return [
        read_poll({field: render.render(part.get(field, ""), found).strip() for field in FIELDS["poll"]})
        for part in parts if part["kind"] == "poll"
    ]  # fmt: skip


def _poll_card(poll: Poll) -> Card:
    buttons = tuple(Button(f"{number}. {choice}", say=str(number)) for number, choice in enumerate(poll.choices, 1))
    return Card(poll.question, poll.lines, buttons=buttons)


def post_said(outbox: Outbox, here: Conversation, occurrence_id: int, said: Sequence[Said]) -> None:
    """Put the parts into the outbox in order, each once for ever."""
    for number, part in enumerate(said):
        outbox.put(here, part, key=f"post:{occurrence_id}:{number}", priority=POST)
