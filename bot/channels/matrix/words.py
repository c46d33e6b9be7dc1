"""Reads the words of one Matrix message: its text without quotation, whom it mentions, what it quotes; all of it hostile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from bot.channels.matrix.rooms import plain
from bot.channels.matrix.wire import Json, object_of, text_of

MAX_TEXT = 4_000  # characters we keep of one message
MAX_QUOTED = 200
MAX_MENTIONS = 20
MAX_HTML = 20_000
PICTURE = "［图片］"
LABELS = {
    "m.image": "", "m.file": "［文件］", "m.video": "［视频］", "m.audio": "［语音］", "m.location": "［位置］",
    "m.sticker": "［表情］",
}
_PILL = re.compile(r"""href=["']https://matrix\.to/#/([^"'?<>\s]{2,600})""", re.IGNORECASE)


@dataclass(slots=True)
class Words:
    """A message's words. `replaces` is the event an edit stands for, `picture` an mxc address."""

    text: str
    mentions: tuple[str, ...] = ()
    quotes: str = ""
    quoted_text: str = ""
    replaces: str = ""
    picture: str = ""


def read_words(event: Json) -> Words | None:
    """What was said; None for what is not a person's message (a notice, taken back, nothing to see)."""
    content = object_of(event, "content")
    kind = "m.sticker" if event.get("type") == "m.sticker" else text_of(content, "msgtype")
    relation = object_of(content, "m.relates_to")
    replaces = ""
    if relation.get("rel_type") == "m.replace":
        replaces = text_of(relation, "event_id")
        content = object_of(content, "m.new_content") or content
    if kind not in LABELS and kind not in ("m.text", "m.emote"):
        return None
    quotes = "" if relation.get("is_falling_back") is True else text_of(object_of(relation, "m.in_reply_to"), "event_id")
    body = text_of(content, "body")[: MAX_TEXT * 4]
    quoted, body = split_quotation(body) if quotes else ("", body)
    if kind in LABELS:
        has_caption = bool(text_of(content, "filename")) and text_of(content, "filename") != body
        body = LABELS[kind] + (body if has_caption else "")
    picture = text_of(content, "url")[:600] if kind == "m.image" else ""
    picture = picture if picture.startswith("mxc://") else ""
    text = plain(body)[:MAX_TEXT]
    if not text and not picture:
        if kind != "m.image":
            return None
        text = PICTURE
    return Words(text, read_mentions(content), quotes[:300], plain(quoted)[:MAX_QUOTED], replaces[:300], picture)


def split_quotation(body: str) -> tuple[str, str]:
    """The quotation older clients write above a reply, and the reply: («> <@a:b> words» lines, an empty line, the rest)."""
    lines = body.split("\n")
    count = 0
    while count < len(lines) and lines[count].startswith("> "):
        count += 1
    if not count:
        return "", body
    quoted = "\n".join(line[2:] for line in lines[:count])
    quoted = re.sub(r"^(\* )?<@[^>\s]{1,300}> ?", "", quoted)
    return quoted, "\n".join(lines[count:]).lstrip("\n")


def read_mentions(content: Json) -> tuple[str, ...]:
    """Users mentioned: as the client says, or where it says nothing by the links in its HTML."""
    if isinstance(content.get("m.mentions"), dict):
        listed = content["m.mentions"].get("user_ids")
        users = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    else:
        users = [unquote(one) for one in _PILL.findall(text_of(content, "formatted_body")[:MAX_HTML])]
    found = dict.fromkeys(user for user in users if user.startswith("@") and ":" in user and len(user) <= 255)
    return tuple(found)[:MAX_MENTIONS]


def is_named(text: str, names: tuple[str, ...]) -> bool:
    """Is one of our names typed after an @?"""
    return any(name and re.search(rf"[@＠]\s?{re.escape(name)}", text, re.IGNORECASE) for name in names)


def without_address(text: str, names: tuple[str, ...]) -> str:
    """Clients write a mention at the beginning as «Name: …»; we keep it as everywhere else, «@Name …»."""
    for name in sorted(names, key=len, reverse=True):
        found = re.match(rf"[@＠]?{re.escape(name)}(?:[:：,，]\s*|\s+|$)", text, re.IGNORECASE) if name else None
        if found:
            return f"@{name.replace(' ', '')} {text[found.end():]}".strip()
    return text
