"""Turns templates into pages in the visitor's language, with the headers that keep strangers' scripts out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from bot.settings import Settings
from content.render import local_time, money

HERE = Path(__file__).parent
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?")


class Paper:
    """The public pages' templates and words."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )
        self._environment.filters["money"] = money
        self._environment.filters["time"] = lambda moment, form="%m-%d %H:%M": local_time(moment, settings.time_zone, form)
        self._environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
        table: dict[str, dict[str, list[str]]] = yaml.safe_load((HERE / "texts.yaml").read_text("utf-8"))
        self._texts = {
            language: {part: {key: pair[place] for key, pair in rows.items()} for part, rows in table.items()}
            for place, language in enumerate(("zh", "en"))
        }
        self._drop_texts, self._referral_texts = _read("drop_texts.yaml"), _read("referral_texts.yaml")

    def page(self, request: Request, template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
        """A page in the language asked for by ?lang=, else the browser's, else Chinese."""
        html = self.render(template, language_of(request), values)
        return HTMLResponse(html, status, headers=_headers(request))

    def render(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        """A page as text; `t` holds the words of the drops' pages, `r` those of referral."""
        texts = self._texts[language]
        bot_name = self._settings.bot_name
        known: dict[str, Any] = {name: text.replace("{bot}", bot_name) for name, text in texts["page"].items()}
        known |= {"words": texts["script"], "lang": language, "shop": self._settings.shop_name, "bot": bot_name}
        known |= {"t": self._drop_texts[language], "r": self._referral_texts[language]}
        return self._environment.get_template(template).render(known | dict(values))

    def texts(self, language: str) -> Mapping[str, str]:
        """The words of the drops' pages."""
        return self._drop_texts[language]

    def referral_texts(self, language: str) -> Mapping[str, str]:
        """The words of referral's pages and posters."""
        return self._referral_texts[language]


def _read(name: str) -> dict[str, dict[str, str]]:
    """The words of a file, by language."""
    rows: dict[str, list[str]] = yaml.safe_load((HERE / name).read_text("utf-8"))
    return {language: {key: pair[place] for key, pair in rows.items()} for place, language in enumerate(("zh", "en"))}


def language_of(request: Request) -> str:
    """zh or en."""
    return choose_language(request.query_params.get("lang", ""), request.headers.get("accept-language", ""))


def choose_language(asked: str, accepted: str) -> str:
    """zh or en, by what is asked for, then by what the browser accepts."""
    if asked in ("zh", "en"):
        return asked
    for part in accepted[:200].split(","):
        tag = part.split(";")[0].strip().lower()
        if tag[:2] in ("zh", "en"):
            return tag[:2]
    return "zh"


def _headers(request: Request) -> dict[str, str]:
    host = request.headers.get("host", "")
    # Older Safari does not count a WebSocket to the same host as 'self'.
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return {
        "Content-Security-Policy": (
            f"default-src 'self'; connect-src 'self'{sockets}; img-src 'self' https: blob:; object-src 'none'; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()", "Vary": "Accept-Language",
    }
