"""Checks one text against all rules, with what is known and the shop's own dictionary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from content.findings import BLOCK, WORST_FIRST, Finding
from content.knowledge.text import sounded
from content.lint import absolute, facts, medical, offers, personal, sharing, wider
from content.lint.facts import Facts, Found
from content.lint.judging import judged
from content.lint.reading import LONGEST, Reading
from content.lint.rules import Rule, Words

RULES: tuple[Rule, ...] = (
    *sharing.RULES, *absolute.RULES, *medical.RULES, *offers.RULES, *personal.RULES,
    *wider.RULES,
)
BY_ID = {rule.id: rule for rule in RULES}
MOST = 50  # findings a text
# Phrases that are also recognised by their sound, however they are spelled.
_HEARD = {
    "share_reward": ("转发领红包", "转发抽奖", "转发有奖", "分享领红包", "集赞送礼", "集赞免单", "转发朋友圈", "转发三个群"),
    "share_pressure": ("不转不是中国人",),
    "invite_reward": ("邀请好友领", "拉人进群送", "拉人领红包"),
    "multi_level": ("拉人头", "发展下线", "团队计酬", "入会费", "睡后收入"),
    "first": ("全网第一", "全国第一", "销量第一", "第一品牌"),
    "state": ("国家级", "国家免检"),
    "extreme": ("全网最低", "全城最低", "史上最低", "独一无二"),
    "cure": ("包治百病", "药到病除", "永不复发", "降血糖", "降血压", "治疗糖尿病", "根治便秘"),
    "safe_claim": ("无副作用",),
}
_SHOP = Words(
    "本店词典里的词", "a word of the shop's dictionary", "换一个说法", "say it differently", "本店词典",
)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A shop's own words: `extra` with their level; `allowed` phrases in which nothing is found; rules turned `off`."""

    extra: Mapping[str, str] = field(default_factory=dict)
    allowed: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()


NOTHING_KNOWN, NO_WORDS = Facts(), Dictionary()


def check(text: str, known: Facts = NOTHING_KNOWN, dictionary: Dictionary = NO_WORDS) -> list[Finding]:
    """What speaks against these words in a group post, the worst first; nothing when they are fine."""
    reading = Reading(text)
    found = judged(text, known, by_rules(reading, known, dictionary), dictionary.off, dictionary.allowed)
    found += _by_shop(reading, dictionary)
    if len(text) > LONGEST:
        found.append(Finding(
            BLOCK, "too_long", text[:20], f"超过 {LONGEST} 个字符，后面没有检查", "分成几条", LONGEST, len(text),
            f"more than {LONGEST} characters; the rest was not checked", "make several of it", "团长",
        ))
    if found and dictionary.allowed:
        spans = [span for phrase in dictionary.allowed for span in _places(reading, phrase)]
        found = [one for one in found if not any(start <= one.start and one.end <= end for start, end in spans)]
    found.sort(key=lambda one: (WORST_FIRST.index(one.level), one.start))
    return found[:MOST]


def by_rules(reading: Reading, known: Facts = NOTHING_KNOWN, dictionary: Dictionary = NO_WORDS) -> list[Finding]:
    """What the rules alone find."""
    found = [*_by_words(reading, known, dictionary), *_by_facts(reading, known, dictionary)]
    return found + list(_by_sound(reading, dictionary, {one.rule for one in found}))


def _by_words(reading: Reading, known: Facts, dictionary: Dictionary) -> Iterator[Finding]:
    have: set[str] = set()
    for rule in RULES:
        # a wider rule has nothing to add where the narrower one of its name has spoken
        if rule.id in dictionary.off or rule.id in have:
            continue
        for start, end in rule.find(reading):
            words = (reading.plain if rule.is_plain else reading.tight)[start:end]
            if _is_known(rule.id, words, known):
                continue
            have.add(rule.id)
            first, last = reading.place(start, end, is_tight=not rule.is_plain)
            yield _finding(rule, reading, first, last, rule.rewrite(words) if rule.rewrite else "")


def _is_known(rule: str, words: str, known: Facts) -> bool:
    """Values that will be filled in, the shop's own numbers and hosts."""
    if rule == "missing_value" and known.values:
        names = re.findall(r"[a-z_][\w.]*", words.strip("{}% "))
        return words.startswith("{%") or (bool(names) and names[0].partition(".")[0] in known.values)
    if rule in ("phone", "account", "mail") and known.contacts:
        return any(contact.lower() in words.replace(" ", "").replace("-", "") for contact in known.contacts)
    return rule == "hidden_link" and any(host in words for host in known.hosts)


def _finding(rule: Rule, reading: Reading, start: int, end: int, rewrite: str = "") -> Finding:
    said = rule.words
    return Finding(
        rule.level, rule.id, reading.text[start:end], said.why, rewrite or said.rewrite, start, end, said.why_en,
        rewrite or said.rewrite_en, said.origin,
    )


def _by_facts(reading: Reading, known: Facts, dictionary: Dictionary) -> Iterator[Finding]:
    for one in facts.find(reading, known):
        if one.rule not in dictionary.off:
            yield _fact(reading, one)


def _fact(reading: Reading, one: Found) -> Finding:
    start, end = reading.place(one.start, one.end, is_tight=False)
    return Finding(
        one.level, one.rule, reading.text[start:end], one.words.why, one.rewrite or one.words.rewrite, start, end,
        one.words.why_en, one.rewrite or one.words.rewrite_en, one.words.origin,
    )


@lru_cache(maxsize=1)
def _sounds() -> tuple[re.Pattern[str], dict[str, str]]:
    rules = {sounded(phrase): rule for rule, phrases in _HEARD.items() for phrase in phrases}
    return re.compile("|".join(re.escape(sound) for sound in rules)), rules


def _by_sound(reading: Reading, dictionary: Dictionary, have: set[str]) -> Iterator[Finding]:
    search, rules = _sounds()
    for found in search.finditer(reading.sounds):
        rule = BY_ID[rules[found[0]]]
        words = reading.tight[found.start() : found.end()]
        # Spelled as it is meant, the rule itself has looked at it and at what stands around it.
        if rule.id in dictionary.off or rule.id in have or words in _HEARD[rule.id]:
            continue
        yield _finding(rule, reading, *reading.place(found.start(), found.end(), is_tight=True))


def _by_shop(reading: Reading, dictionary: Dictionary) -> Iterator[Finding]:
    for word, level in dictionary.extra.items():
        for start, end in _places(reading, word):
            yield Finding(
                level, "shop_word", reading.text[start:end], _SHOP.why, _SHOP.rewrite, start, end, _SHOP.why_en,
                _SHOP.rewrite_en, _SHOP.origin,
            )


def _places(reading: Reading, phrase: str) -> Iterator[tuple[int, int]]:
    wanted = Reading(phrase[:LONGEST]).tight.strip()
    at = reading.tight.find(wanted) if wanted else -1
    while at >= 0:
        yield reading.place(at, at + len(wanted), is_tight=True)
        at = reading.tight.find(wanted, at + len(wanted))
