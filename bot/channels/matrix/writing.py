"""Writes what we say as the content of a Matrix message: words, mentions, and cards as HTML with words for plain clients."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from bot.channels.matrix.wire import Json

MAX_TEXT = 8_000  # characters; an event has at most 65,536 bytes
MAX_CONTENT = 60_000  # bytes


def text_content(text: str, user: str = "", name: str = "") -> Json:
    """Words, with a member mentioned before them. People write m.text, and bridges pass notices on only when told to."""
    if not user:
        return bounded({"msgtype": "m.text", "body": text, "m.mentions": {}})
    link = f"https://matrix.to/#/{quote(user, safe='@:')}"
    html = f'<a href="{escape(link)}">{escape(name)}</a> {_lines(text)}'
    return bounded({
        "msgtype": "m.text", "body": f"{name}: {text}", "format": "org.matrix.custom.html", "formatted_body": html,
        "m.mentions": {"user_ids": [user]},
    })


def card_content(card: dict[str, Any]) -> Json:
    """A link card: its title, words, address and buttons."""
    title, text, url = str(card.get("title", "")), str(card.get("text", "")), str(card.get("url", ""))
    plain, html = [title], [f"<strong>{escape(title)}</strong>"]
    if text:
        plain.append(text)
        html.append(_lines(text))
    if is_link(url):
        plain.append(url)
        html.append(_link(url, url))
    for button in card.get("buttons") or ():
        label, say, link = str(button.get("label", "")), str(button.get("say", "")), str(button.get("url", ""))
        if is_link(link):
            plain.append(f"{label} {link}")
            html.append(_link(link, label))
        elif say:
            plain.append(f"{label}：回复「{say}」")
            html.append(f"{escape(label)}：回复「<strong>{escape(say)}</strong>」")
    return bounded({
        "msgtype": "m.text", "body": "\n".join(plain), "format": "org.matrix.custom.html",
        "formatted_body": "<br>".join(html), "m.mentions": {},
    })


def picture_content(mxc: str, kind: str, size: int, text: str) -> Json:
    """A picture handed over before, with words for who cannot see it."""
    name = "picture." + kind.partition("/")[2]
    content: Json = {
        "msgtype": "m.image", "body": text or name, "filename": name, "url": mxc,
        "info": {"mimetype": kind, "size": size}, "m.mentions": {},
    }
    return bounded(content)


def bounded(content: Json) -> Json:
    """HTML is left away when it makes the event too large."""
    if len(orjson.dumps(content)) > MAX_CONTENT:
        content = {name: value for name, value in content.items() if name not in ("format", "formatted_body")}
    return content


def is_link(url: str) -> bool:
    """Only addresses of the web become links."""
    parts = urlsplit(url) if len(url) <= 2_000 else None
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.netloc)


def _link(url: str, label: str) -> str:
    return f'<a href="{escape(url)}">{escape(label)}</a>'


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
