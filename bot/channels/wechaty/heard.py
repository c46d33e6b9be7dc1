"""What a message means: its words, whether it speaks to us, what it quotes, the roster it carries. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from xml.etree import ElementTree

from bot.channels.wechaty.wire import Payload

MAX_TEXT = 8_000  # what WeChat lets a person write is shorter
MAX_XML = 64 * 1024
ROSTER_TYPE, QUOTE_TYPE = "53", "57"


class Kind(IntEnum):
    """What a message is, as gateways number it: by npm wechaty-puppet's enum (schemas/message.ts), which their server
    copies to the wire unchanged. The numbers in wechaty-grpc's MessageType are others."""

    UNKNOWN = 0
    ATTACHMENT = 1
    AUDIO = 2
    CONTACT = 3
    CHAT_HISTORY = 4
    EMOTICON = 5
    IMAGE = 6
    TEXT = 7
    LOCATION = 8
    MINI_PROGRAM = 9
    GROUP_NOTE = 10
    TRANSFER = 11
    RED_ENVELOPE = 12
    RECALLED = 13
    URL = 14
    VIDEO = 15
    POST = 16
    SYSTEM = 18


_IGNORED = frozenset({Kind.RECALLED, Kind.SYSTEM})
# What the log shows of messages without words.
_LABELS: dict[int, str] = {
    Kind.ATTACHMENT: "[文件]", Kind.AUDIO: "[语音]", Kind.CONTACT: "[名片]", Kind.EMOTICON: "[表情]", Kind.IMAGE: "[图片]",
    Kind.VIDEO: "[视频]", Kind.CHAT_HISTORY: "[聊天记录]", Kind.LOCATION: "[位置]", Kind.MINI_PROGRAM: "[小程序]",
    Kind.TRANSFER: "[转账]", Kind.RED_ENVELOPE: "[红包]", Kind.URL: "[链接]", Kind.POST: "[朋友圈]",
}
# Kinds whose text is the raw XML of a WeChat app message on many gateways.
_APP = frozenset({
    Kind.UNKNOWN, Kind.ATTACHMENT, Kind.URL, Kind.MINI_PROGRAM, Kind.GROUP_NOTE, Kind.TEXT, Kind.CHAT_HISTORY,
})
# How a desktop client shows a quotation to those that know only text.
_QUOTED = re.compile(r"「([^：:\n]{1,60})[：:]([\s\S]{0,4000}?)」\n(?:- ?){5,}\n([\s\S]*)")
_AFTER_NAME = "[\u2005\u2004\u00a0\\s,，:：]|$"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A message understood. `roster` is a roster's raw block, trusted over the text where a gateway gives it."""

    text: str
    quotes: str | None = None
    quoted_text: str | None = None
    roster: str | None = None
    is_picture: bool = False


def understand(payload: Payload) -> Meaning | None:
    """What a message says; None for what nobody said (a recall, a notice of WeChat's own)."""
    if payload.kind in _IGNORED:
        return None
    text = payload.text[:MAX_XML]
    if payload.kind in _APP and "<appmsg" in text:
        meaning = _of_app(payload.kind, text)
        if meaning is not None:
            return meaning
    if payload.kind == Kind.GROUP_NOTE:
        return Meaning(_plain(text.replace("\\n", "\n")), roster=text)
    # By wechaty-grpc's own numbers 6 is text; a picture has no words, or XML.
    if payload.kind == Kind.TEXT or (payload.kind == Kind.IMAGE and text and "<" not in text and not payload.filename):
        return _of_words(text)
    if payload.kind == Kind.IMAGE:
        return Meaning(_label(payload), is_picture=True)
    return Meaning(_label(payload))


def _label(payload: Payload) -> str:
    return _LABELS.get(payload.kind, "[其他消息]") + (f" {payload.filename[:120]}" if payload.filename else "")


def _of_words(text: str) -> Meaning:
    quotation = _QUOTED.fullmatch(text)
    if quotation is not None:
        return Meaning(_plain(quotation[3]), quoted_text=quotation[2][:MAX_TEXT])
    return Meaning(_plain(text))


def _of_app(kind: int, text: str) -> Meaning | None:
    """An app message, by its XML; None when that cannot be read."""
    app = _parse(text)
    if app is None:
        return None
    title, app_type = app.findtext("title") or "", (app.findtext("type") or "").strip()
    words = _plain(title.replace("\\n", "\n"))
    if app_type == ROSTER_TYPE or words.lstrip().startswith(("#接龙", "#Group Note")):
        return Meaning(words, roster=text)
    quoted = app.find("refermsg")
    if app_type == QUOTE_TYPE and quoted is not None:
        return Meaning(words, (quoted.findtext("svrid") or "").strip()[:100] or None, _quoted_words(quoted))
    return Meaning(f"{_LABELS.get(kind, '[链接]')} {words}".strip())


def _quoted_words(quoted: ElementTree.Element) -> str:
    content = (quoted.findtext("content") or "")[:MAX_XML]
    inner = _parse(content) if "<appmsg" in content else None
    return (inner.findtext("title") or "" if inner is not None else content)[:MAX_TEXT]


def _parse(text: str) -> ElementTree.Element | None:
    """The appmsg element. Anything with a document type is refused: entities may blow up."""
    start = text.find("<")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ElementTree.fromstring(text[start:].strip())  # noqa: S314
    except ElementTree.ParseError:
        return None
    return root if root.tag == "appmsg" else root.find(".//appmsg")


def _plain(text: str) -> str:
    """Words as the log keeps them: no control characters, bounded."""
    kept = text.replace("\r\n", "\n").replace("\u2005", " ")
    return "".join(one for one in kept if one == "\n" or one == "\t" or ord(one) >= 32)[:MAX_TEXT]


def is_to(names: tuple[str, ...], payload: Payload, our_id: str) -> bool:
    """Is a message in a room said to us: by a mention, or by one of our names typed after an @?"""
    if our_id in payload.mention_ids:
        return True
    if payload.mention_ids or ("@" not in payload.text and "＠" not in payload.text):
        return False
    known = "|".join(re.escape(name) for name in names if name)
    return bool(known) and re.search(f"[@＠] ?(?:{known})(?:{_AFTER_NAME})", payload.text) is not None
