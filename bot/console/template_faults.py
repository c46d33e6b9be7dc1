"""What is wrong with an operator's template, in the operator's own language (content/bounds.py and content/render.py say it)."""

from __future__ import annotations

import re

from bot.console.language import mark
from bot.console.visit import Visit

LINE = re.compile(r" \(line (?P<line>\d+)\)$")
FAULTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"«(?P<what>[^»]*)» is not known\. Known are: (?P<known>.*)", re.DOTALL), mark("没有叫 %(what)s 的值。可以用：%(known)s")),
    (re.compile(r"there is no (?:filter |test )?«(?P<what>[^»]*)»"), mark("没有 %(what)s 这种写法")),
    (re.compile(r"«(?P<what>[^»]*)» is not allowed(?: here)?"), mark("这里不能用 %(what)s：不能调用、赋值，也不能把文字成倍重复")),
    (re.compile(r"loops more than (?P<most>\d+) times"), mark("循环太多：一共最多 %(most)s 次")),
    (re.compile(r"longer than (?P<most>\d+) characters"), mark("太长：最多 %(most)s 个字")),
    (re.compile(r"words, up to (?P<most>\d+) characters"), mark("太长或有发不出的字符：最多 %(most)s 个字")),
    (re.compile(r"(?:says|joins) more than (?P<most>\d+) characters"), mark("说出来太长：最多 %(most)s 个字")),
    (re.compile(r"has more than (?P<most>\d+) parts"), mark("太复杂：最多 %(most)s 个部分")),
    (re.compile(r"is too deep|cannot be looped over|a loop has one name and does not call itself"), mark("循环或括号的写法不行")),
    (re.compile(r"has characters that cannot be sent"), mark("有发不出去的字符")),
    (re.compile(r"(?:unexpected|expected|Encountered|Unexpected).*", re.DOTALL), mark("没有写完，或者括号不成对")),
)


def find(visit: Visit, words: str) -> str:
    """The fault for a reader, with its line; empty for one we have no words for."""
    line = LINE.search(words)
    bare = words[: line.start()] if line else words
    for pattern, told in FAULTS:
        found = pattern.fullmatch(bare)
        if found is not None:
            said = visit.translate(told, **found.groupdict()) if found.groupdict() else visit.translate(told)
            return visit.translate("%(fault)s（第 %(line)s 行）", fault=said, line=line["line"]) if line else said
    return ""
