"""Makes names and texts of strangers safe to show: nothing invisible, nothing that turns the line around."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

MAX_NAME = 20
MAX_MARKS = 2  # accents piled on one letter

# Bidirectional controls and isolates, zero-width spaces, soft hyphen, blank fillers; the joiner and the variation
# selectors stay, because emoji and several scripts are written with them.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufeff\uffa0\ufff9-\ufffb]"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_JOINING = re.compile("[\u200c\u200d\ufe00-\ufe0f\U000e0000-\U000e0fff]")


def clean_text(text: str) -> str:
    """A message without control, bidirectional and zero-width characters; empty when nothing can be seen."""
    text = _UNSEEN.sub("", _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))).strip()
    return text if _is_visible(text) else ""


def clean_name(raw: str) -> str:
    """A nickname in compatibility form on one line, at most 20 characters; empty when nothing can be seen."""
    text = unicodedata.normalize("NFKC", raw[: MAX_NAME * 8])
    text = " ".join(_UNSEEN.sub("", _CONTROL.sub(" ", text)).split())
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    name = "".join(kept[:MAX_NAME]).strip()
    return name if _is_visible(name) else ""


def sounds_like(name: str, bot_name: str) -> bool:
    """Would members take this name for ours? Spaces, marks and case make no difference."""
    ours = _bare(bot_name)
    return bool(ours) and _bare(name).startswith(ours)


def distinct(name: str, taken: Collection[str]) -> str:
    """The name, or the name with the first free number behind it."""
    used = {_bare(one) or one for one in taken}
    candidate, number = name, 1
    while (_bare(candidate) or candidate) in used:
        number += 1
        tail = str(number)
        candidate = name[: MAX_NAME - len(tail)] + tail
    return candidate


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def _is_visible(text: str) -> bool:
    return any(unicodedata.category(one)[0] in "LNPS" for one in _JOINING.sub("", text))
