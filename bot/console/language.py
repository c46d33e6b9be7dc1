"""The console's words: Chinese in the source, English from gettext catalogues, chosen by the reader."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

import content

LOCALES = Path(content.__file__).parent / "locales"
SOURCE, LANGUAGES = "zh", ("zh", "en")

Translations = Mapping[str, str | tuple[str, ...]]


def mark(words: str) -> str:
    """Words that stand in data and are translated where they are shown; the marker lets the test find them."""
    return words


def translate(translations: Translations, words: str, values: Mapping[str, Any]) -> str:
    """A sentence in the reader's language with `%(name)s` filled in; a plural form goes by the value `count`."""
    known = translations.get(words, words)
    if not isinstance(known, str):
        known = known[0 if values.get("count") == 1 else 1]
    return known % values if values else known


class Catalogue:
    """All translations of console-*.po by language."""

    def __init__(self, by_language: Mapping[str, Translations]) -> None:
        self._by_language = by_language

    @classmethod
    def load(cls, folder: Path = LOCALES) -> Catalogue:
        return cls({language: read_catalogues(folder / language / "LC_MESSAGES") for language in LANGUAGES})

    def of(self, language: str) -> Translations:
        return self._by_language.get(language, {})


def read_catalogues(folder: Path) -> dict[str, str | tuple[str, ...]]:
    """Every translated message of the folder's console-*.po files."""
    known: dict[str, str | tuple[str, ...]] = {}
    for file in sorted(folder.glob("console-*.po")):
        with file.open("rb") as opened:
            for message in read_po(opened):
                if not message.id or not message.string or message.fuzzy:
                    continue
                words = message.id if isinstance(message.id, str) else message.id[0]
                known[words] = message.string if isinstance(message.string, str) else tuple(message.string)
    return known


def choose(cookie: str | None, accepted: str, default: str) -> str:
    """The language a reader chose, else the one their browser asks for first, else the shop's."""
    if cookie in LANGUAGES:
        return cookie
    for part in accepted.lower().split(","):
        language = part.split(";")[0].strip()[:2]
        if language in LANGUAGES:
            return language
    return default
