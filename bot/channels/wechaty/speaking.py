"""Says an outbox row through a gateway: text with a mention, picture, link card, mini-program card, file."""

from __future__ import annotations

from posixpath import basename
from typing import Any
from urllib.parse import urlsplit

import orjson
from wechaty_grpc.wechaty.puppet import (
    MessageSendFileRequest,
    MessageSendFileResponse,
    MessageSendMiniProgramRequest,
    MessageSendTextRequest,
    MessageSendUrlRequest,
    MiniProgramPayload,
    UrlLinkPayload,
)

from bot.channels.base import NeverSaid, Outgoing, TryAgain, Unsure
from bot.channels.wechaty.files import OurFiles, box_of_address, box_of_data, is_public
from bot.channels.wechaty.gateway import Gateway, Trouble
from bot.channels.wechaty.ids import theirs
from bot.channels.wechaty.rooms import Rooms

MAX_TEXT = 2_000
SECONDS = 20.0
_NEVER = frozenset({
    "INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED", "PERMISSION_DENIED", "OUT_OF_RANGE", "RESOURCE_EXHAUSTED",
})
_BEFORE = ("failed to connect", "connection refused", "name resolution")  # it never left us


class Speech:
    """Says one thing at a time through the gateway it is given."""

    def __init__(self, rooms: Rooms, files: OurFiles) -> None:
        self._rooms, self._files = rooms, files

    async def say(self, gateway: Gateway, message: Outgoing) -> str | None:
        """Say it; gives the gateway's message id where it tells. Raises TryAgain, NeverSaid or Unsure."""
        method, request = await self._prepared(gateway, message)
        try:
            answer = await gateway.call(method, request, SECONDS)
        except Trouble as trouble:
            raise _verdict(trouble) from trouble
        # Every answer to a sending has the id in the same fields.
        told = MessageSendFileResponse().parse(answer)
        return told.id or told.id_string_value_deprecated or None

    async def _prepared(self, gateway: Gateway, message: Outgoing) -> tuple[str, bytes]:
        try:
            match message.kind:
                case "text":
                    return await self._text(gateway, message, message.text)
                case "card" if message.body.get("url"):
                    return self._card(message)
                case "card":
                    return await self._text(gateway, message, "\n".join((message.text, *_choices(message.body))))
                case "mini":
                    return self._mini(message)
                case "picture" | "file":
                    return await self._file(gateway, message)
        except Trouble as trouble:  # nothing was said yet
            if trouble.code in _NEVER:
                raise NeverSaid(str(trouble)) from trouble
            raise TryAgain(str(trouble)) from trouble
        raise NeverSaid(f"this channel does not know {message.kind}")

    async def _text(self, gateway: Gateway, message: Outgoing, text: str) -> tuple[str, bytes]:
        mention = message.body.get("mention")
        ids = []
        if mention and message.here.group_id is not None:
            person = await self._rooms.person(gateway, theirs(message.here.group_id), theirs(mention))
            if person.shown:
                # The thin space is how WeChat ends a name, so that clients colour it.
                text, ids = f"@{person.shown}\u2005{text}", [theirs(mention)]
        request = MessageSendTextRequest(conversation_id=theirs(message.here.id), text=text, mentional_ids=ids)
        return "MessageSendText", bytes(request)

    def _card(self, message: Outgoing) -> tuple[str, bytes]:
        body = message.body
        words = "\n".join(part for part in (body.get("text", ""), *_choices(body)) if part)
        link = UrlLinkPayload(
            title=body["title"], description=words, url=self._files.public(body["url"]),
            thumbnail_url=self._files.public(body["picture"]) if body.get("picture") else "",
        )
        request = MessageSendUrlRequest(conversation_id=theirs(message.here.id), url_link=link)
        # Gateways before 1.0 read the JSON only; set afterwards, since the class warns of it in its constructor.
        request.url_link_deprecated = orjson.dumps({
            "title": link.title, "description": link.description, "url": link.url, "thumbnailUrl": link.thumbnail_url,
        }).decode()  # fmt: skip
        return "MessageSendUrl", bytes(request)

    def _mini(self, message: Outgoing) -> tuple[str, bytes]:
        body = message.body
        card = MiniProgramPayload(
            appid=body["app_id"], page_path=body["path"], title=body["title"],
            thumb_url=self._files.public(body["picture"]) if body.get("picture") else "",
        )
        request = MessageSendMiniProgramRequest(conversation_id=theirs(message.here.id), mini_program=card)
        request.mini_program_deprecated = orjson.dumps({
            "appid": card.appid, "pagePath": card.page_path, "title": card.title, "thumbUrl": card.thumb_url,
        }).decode()  # fmt: skip
        return "MessageSendMiniProgram", bytes(request)

    async def _file(self, gateway: Gateway, message: Outgoing) -> tuple[str, bytes]:
        address = message.body["url"]
        name = message.body.get("name") or basename(urlsplit(address).path) or "file"
        if is_public(self._files.public(address)):
            box = box_of_address(name, self._files.public(address))
        elif self._files.is_ours(address):
            box = await box_of_data(gateway, name, await self._files.read(address))
        else:
            raise NeverSaid("the gateway could not fetch this address")
        return "MessageSendFile", bytes(MessageSendFileRequest(conversation_id=theirs(message.here.id), file_box=box))


def _choices(body: dict[str, Any]) -> list[str]:
    """Buttons as words: WeChat shows none to a person's account."""
    lines = []
    for button in body.get("buttons", ()):
        if button.get("say"):
            lines.append(f"· {button['label']}: 「{button['say']}」")
        elif button.get("url"):
            lines.append(f"· {button['label']}: {button['url']}")
    return lines


def _verdict(trouble: Trouble) -> Exception:
    """What a failed sending means for the row."""
    words = trouble.words.lower()
    if trouble.code in _NEVER:
        return NeverSaid(str(trouble))
    if trouble.code == "UNAUTHENTICATED" or "not logged in" in words or any(one in words for one in _BEFORE):
        return TryAgain(str(trouble), after=30)
    return Unsure(str(trouble))
