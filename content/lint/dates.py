"""Finds the days a text names, and those that end an offer and are already past."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_DAY = re.compile(
    r"(?<![\d.])(?:(20\d{2})\s?[年./-]\s?)?(1[0-2]|0?[1-9])\s?(?:月\s?(?:(3[01]|[12]\d|0?[1-9])(?!\d|\s?(?:元|斤|块|%|个|份|箱|[.:]\d))|(底|末))|[./-]\s?(3[01]|[12]\d|0?[1-9])"
    r"(?![\d%]|\.\d|\s?(?:元|斤|块|kg|克|g|ml|折|米|倍|寸|一|每|的|升|l)))\s?[日号]?"
)
_YEAR_OF = re.compile(
    r"(?<!\d)(20[012]\d)(?=年?(?:的)?(?:双|618|年货|大促|预售|春节|中秋|国庆|店庆|周年|元旦|端午|秋季|春季|夏季|冬季)|年(?:底|末)前)"
)
_SPAN = re.compile(r"\s?(?:[日号]|(?:零点|\d{1,2}:\d{2}|\d{1,2}点|早|晚|上午|下午))*\s?(?:起|开始)?\s?(?:到|至|-|~|—|–)+\s?(?=\d|今|明|本|下)")
_END_AFTER = re.compile(
    r"[^。!?\n,;]{0,10}?(?:截止|截至|截单|截团|截|结束|为止|止|之前|以前|前|封团|收团|关团|到期|恢复|关闭|失效|过时|过期|下架|until|ends?|only)"
)
_END_BEFORE = re.compile(
    r"(?:截止|截至|截单|截团|结束|有效期|到期|期限|限时|最后|活动|优惠|促销|特价|特惠|抢购|报名|预售|开售|开抢|秒杀|团购|满减|大促|时间|日期|只到|限|到|至|前|until|by|before|ends?"
    r"|expires?|valid)[^。!?\n;,]{0,10}$"
)
_SLASHED_AFTER = re.compile(
    r"[^。!?\n,;]{0,6}?(?:截止|截至|截单|截团|结束|为止|止|之前|以前|前(?=付|下|接|报|购|预|拍|参|有效)|封团|到期|失效|过时|过期)"
)
_SLASHED_BEFORE = re.compile(
    r"(?:截止|截至|截单|截团|结束|有效期|到期|期限|限时|活动|优惠|时间|日期|只到|(?<!涨)(?<!降)(?<!调)[到至])[^。!?\n;,]{0,6}$"
)
_HISTORY = re.compile(
    r"已经?(?!开始接|开抢)|[束止完掉退发到]了|啦(?=[。,!~]|$)|那会儿|那次|当时|上次|没赶上|感谢|谢谢|至今|对账|汇总|公布|公示|中奖|名单|生产|采摘|[摘拍拿买订款做]的"
    r"|出生|退款|退回|发出|发完|补发|发货|到货|没法|不再|停止|作废|历史|成立|以来|升级|通知您|(?<!没)(?:下单|报名|预订)的|(?:当|那)天|更正|记录|批次|不收了|收不了|过期的|入[库职]|起开始"
)
_URGED = re.compile(r"抓紧|赶紧|赶快|快(?!递|餐|手)|速来|从速|要的|还没|还在|还能|还可|现在|接龙|上车|手慢|先到先得|冲|机会")
_LATELY = re.compile(
    r"(?:昨[天晚日]|前[天晚]|上周[一二三四五六日天末]?|上礼拜[一二三四五六日天]?|上个?月(?:底|\d{1,2}[号日])?|上上周)[^。,!?\n]{0,8}?(?:就)?(?:截止|截单|截团|到期|封团|为止)"
)
_LATE_DAYS = 250  # a day without a year that is longer past is next year's


@dataclass(frozen=True, slots=True)
class Day:
    """A day a text names, at a span of it; `ends_span` when it is the second of two."""

    start: int
    end: int
    day: date
    ends_span: bool
    is_slashed: bool


def named(text: str, today: date) -> Iterator[Day]:
    """The days named with their numbers; of a span only its end. What has no year is the nearest to today."""
    spans = False
    for found in _DAY.finditer(text):
        month, number = int(found[2]), int(found[3] or found[5] or 0)
        day = _day(int(found[1] or today.year), month, number)
        if day is None:
            continue
        if not found[1] and (today - day).days > _LATE_DAYS:
            day = _day(today.year + 1, month, number) or day
        if _SPAN.match(text, found.end()):
            spans = True
            continue
        yield Day(found.start(), found.end(), day, spans, found[5] is not None and not found[1])
        spans = False


def past(text: str, today: date) -> Iterator[tuple[int, int]]:
    """Where an offer ends on a day that is past."""
    history = _HISTORY.search(text) is not None and _URGED.search(text) is None
    for one in named(text, today):
        if one.day < today and not history and _is_end(text, one) and not _is_told(text, one.start, one.end):
            yield one.start, one.end
    for found in _YEAR_OF.finditer(text):
        if int(found[1]) < today.year and not _is_told(text, found.start(), found.end()):
            yield found.span()
    found_lately = _LATELY.search(text)
    if found_lately and not history and _URGED.search(text):
        yield found_lately.span()


def _is_told(text: str, start: int, end: int) -> bool:
    """Whether what is said of the day is history."""
    return _HISTORY.search(text[max(0, start - 8) : end + 14]) is not None


def _is_end(text: str, one: Day) -> bool:
    before, after = text[max(0, one.start - 14) : one.start], text[one.end : one.end + 16]
    if one.is_slashed and not one.ends_span:
        return _SLASHED_AFTER.match(after) is not None or _SLASHED_BEFORE.search(before) is not None
    return one.ends_span or _END_AFTER.match(after) is not None or _END_BEFORE.search(before) is not None


def _day(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number or calendar.monthrange(year, month)[1])
    except ValueError:
        return None
