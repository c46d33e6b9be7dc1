"""Rules of who is one person, of joins that count, and of what a member's words ask for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.identities import LADDER, MEMBER, Key

SOON = timedelta(hours=72)  # who leaves within this was not brought
NEW_FOR = timedelta(hours=1)  # a join told so long after we saw the member there is still their join
# On these channels one person may have several members: nothing there says that they are two.
MANY_MEMBERS = frozenset({"web", "terminal", "shop"})
CODE = re.compile(r"[2-9A-HJ-NP-Z]{8}")
MOST_KEYS, LONGEST_VALUE = 8, 120
_WORDS = {"链接": "link", "link": "link", "海报": "poster", "poster": "poster"}
_ASKED = re.compile(
    r"(?:@\S+\s+)?[/#＃]?(?:(?:我的|推广|邀请|专属|分享)+(链接|海报)|(海报)|my\s+(link|poster))"
    r"(?:\s*([2-9A-HJ-NP-Z]{4}))?(?:\s*(带名字|带昵称|with\s+name))?[?？!！。~～]*",
    re.IGNORECASE,
)
LONGEST_ASK = 60
_NAMED = re.compile(r"(?:@\S+\s+)?(?:(?:我的|推广|邀请|专属|分享)+(链接|海报)|my\s+(link|poster))\s+(\S[^\n]{1,29})", re.IGNORECASE)
# Where we cannot begin to talk with a member alone: what they ask for in a group is answered there.
ONLY_IN_GROUPS = frozenset({"matrix", "wecom"})
NO_PICTURES = frozenset({"wecom"})


@dataclass(frozen=True, slots=True)
class Ask:
    """What a member asks for: a link or a poster, of the drop with this code where one is named; with their name on it."""

    what: str
    code: str = ""
    is_named: bool = False
    name: str = ""  # of a product, where one is named


def parse_ask(text: str) -> Ask | None:
    """«我的链接», «海报», «海报 7Q2K», «我的海报 带名字»; None for anything else."""
    found = _ASKED.fullmatch(text.strip()) if len(text) <= LONGEST_ASK else None
    if found is None:
        return None
    word = next(one for one in found.group(1, 2, 3) if one)
    return Ask(_WORDS[word.lower()], (found[4] or "").upper(), found[5] is not None)


def parse_named(text: str) -> Ask | None:
    """«我的链接 奶油草莓»: asks for the link of something by its name, if there is something of that name."""
    found = _NAMED.fullmatch(text.strip()) if len(text) <= LONGEST_ASK else None
    if found is None:
        return None
    return Ask(_WORDS[(found[1] or found[2]).lower()], name=found[3].strip())


def is_code(text: str | None) -> bool:
    """Could this be a link's code?"""
    return text is not None and CODE.fullmatch(text) is not None


def is_left_too_soon(joined_at: datetime, left_at: datetime) -> bool:
    return left_at - joined_at < SOON


def is_new_join(times: Sequence[tuple[datetime, datetime | None]], now: datetime) -> bool:
    """Is this a member's first time in a group? `times` are all their times there, (joined, left), the present one among
    them; somebody who has been there for long only speaks of it anew."""
    return len(times) <= 1 and all(left is None and now - joined <= NEW_FOR for joined, left in times)


def is_sound(keys: Iterable[Sequence[str]]) -> bool:
    """Are these ids that may be kept: kinds we know, values within bounds, not too many?"""
    some = list(keys)
    return 0 < len(some) <= MOST_KEYS and all(
        len(key) == 2 and key[0] in LADDER and 0 < len(key[1]) <= LONGEST_VALUE for key in some
    )


def by_strength(keys: Iterable[Key]) -> list[Key]:
    """Ids, the strongest first."""
    return sorted(set(keys), key=lambda key: (LADDER.index(key[0]), key[1]))


def speaks_against(one: Iterable[Key], other: Iterable[Key], learnt_by: str) -> str:
    """Why two persons cannot be one, though an id of kind `learnt_by` belongs to both: a stronger kind of which a person has
    one only, and they have two. Empty when nothing speaks against it."""
    stronger = LADDER[: LADDER.index(learnt_by)]
    mine, theirs = _scoped(one), _scoped(other)
    for scope in sorted(mine.keys() & theirs.keys(), key=lambda scope: LADDER.index(scope[0])):
        if scope[0] in stronger and mine[scope] != theirs[scope]:
            return f"two ids of one kind: {scope[0]} {scope[1]}".strip()
    return ""


def _scoped(keys: Iterable[Key]) -> dict[tuple[str, str], set[str]]:
    """Ids by where a person has one only: a unionid anywhere, an openid in an app, a member on a channel."""
    found: dict[tuple[str, str], set[str]] = {}
    for kind, value in keys:
        scope = "" if kind == LADDER[0] else value.partition(":")[0]
        if kind == LADDER[-1] or (kind == MEMBER and scope in MANY_MEMBERS):
            continue
        found.setdefault((kind, scope), set()).add(value)
    return found
