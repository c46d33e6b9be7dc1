"""What the fitted likeness adds to the rules: a finding where no rule spoke and the text is like wrong ones, and quiet
where a rule that goes by words alone spoke and the text is like harmless ones."""

from __future__ import annotations

import re
from collections.abc import Collection

from content.findings import BLOCK, WARN, Finding
from content.lint import absolute, facts, likeness, medical, offers, personal, sharing
from content.lint.facts import Facts
from content.lint.rules import Rule, Words

FOUND = 0.06  # likeness from which a text is doubted though no rule spoke
QUIET = {WARN: -0.12, BLOCK: -0.2}  # and below which a rule of this level that goes by words alone is not believed
_KNOWN_SHAPES = frozenset({
    "phone", "id_number", "bank_card", "home", "mail", "hidden_link", "link", "missing_value", "past_date", "price",
    "false_before", "sold_out", "shop_word", "too_long",
})  # fmt: skip
_VALUE = re.compile(r"\{\{.{0,80}?\}\}|\{%.{0,80}?%\}")


def _words_of(rules: Collection[Rule], rule: str) -> Words:
    return next(one.words for one in rules if one.id == rule)


# Each kind: what it is called, whose words it borrows, and the rules that stand for it: one of them switched off
# by the shop switches the likeness off too.
_KINDS: dict[str, tuple[str, str, Words, frozenset[str]]] = {
    kind: (name, name_en, words, frozenset(rules.split()))
    for kind, name, name_en, words, rules in (
        ("share", "诱导分享", "an inducement to share", _words_of(sharing.RULES, "share_reward"), "share_reward share_pressure invite_reward"),
        ("mlm", "多层级计酬", "pay for recruits", _words_of(sharing.RULES, "multi_level"), "multi_level"),
        ("absolute", "绝对化用语", "a superlative", _words_of(absolute.RULES, "superlative"), "superlative first extreme guarantee"),
        ("medical", "医疗、保健宣称", "a claim about health", _words_of(medical.RULES, "cure"), "cure health_effect body cosmetic"),
        ("personal", "个人信息", "personal data", _words_of(personal.RULES, "phone"), "phone named home"),
        ("link", "外部链接或账号", "a way to another place", _words_of(personal.RULES, "account"), "account link hidden_link"),
        ("price", "虚假价格或虚构紧迫", "an invented price or hurry", _words_of(offers.RULES, "hurry"), "hurry fake_before"),
        ("gamble", "赌博、付费抽奖或虚假交易", "betting or invented sales", _words_of(offers.RULES, "gambling"), "gambling bought_review"),
        ("missing", "没有填上的模板值", "a value left out", _words_of(offers.RULES, "missing_value"), "missing_value"),
        ("date", "已经过去的日期", "a date that is past", facts.PAST_WORDS, "past_date"),
    )
}  # fmt: skip
_NEEDS_PAST = "date"


def judged(text: str, known: Facts, found: list[Finding], off: Collection[str], allowed: Collection[str]) -> list[Finding]:
    """The findings of the rules, without those that are not believed, or with one for what no rule found."""
    if has_known_shape(found):
        return found
    model = likeness.shipped()
    shape = likeness.shaped(_without_ours(text, known, allowed), known.today, known.hosts)
    wrong = model.wrong(shape)
    if found:
        return believed(found, wrong)
    if wrong <= FOUND:
        return found
    kind = model.kind(shape)
    rule = f"like_{kind}"
    name, name_en, words, rules = _KINDS[kind]
    if not rules.isdisjoint(off) or rule in off or (kind == _NEEDS_PAST and likeness.PAST not in shape):
        return found
    start, end = model.strongest(text, known.today)
    return [Finding(
        WARN, rule, text[start:end], f"像是{name}，请看一遍", words.rewrite, start, end, f"reads like {name_en}; please look",
        words.rewrite_en, words.origin,
    )]  # fmt: skip


def has_known_shape(found: list[Finding]) -> bool:
    """Whether one of them goes by a shape or a fact, which no likeness can speak against."""
    return any(one.rule in _KNOWN_SHAPES for one in found)


def believed(found: list[Finding], wrong: float) -> list[Finding]:
    """Those that stand against how much the text is like wrong ones."""
    return [one for one in found if wrong > QUIET.get(one.level, -1.0)]


def _without_ours(text: str, known: Facts, allowed: Collection[str]) -> str:
    """The text without what is known to be fine: values that will be filled in, our numbers, allowed phrases."""
    if known.values:
        text = _VALUE.sub("商品", text)
    for phrase in (*known.contacts, *allowed):
        if phrase:
            text = text.replace(phrase, "")
    return text
