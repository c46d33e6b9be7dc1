"""Tells a question from other talk, cheaply: most of what a group says needs no search at all."""

from __future__ import annotations

import re
from functools import lru_cache

from content.knowledge.weights import fitted, probability

QUESTION_THRESHOLD = 0.72
_LONGEST = 200
_HARDLY = 0.02  # of texts without any mark of a question, by hand-labelled talk
_MARKS = (
    "[?？吗嘛麼么咩呢几幾哪谁誰啥咋求]|什么|甚麼|怎么样|怎么|怎样|怎麼|怎|为什么|为何|為何|为啥|如何|何时|是否|能否|可否|"
    "多[少久大长長重高远]|([^\\s])[不没沒]\\1|有没|有沒|请问|請問|请教|推荐|推薦|价格|價格|价位|还是|[不没][?？!！。~\\s]*$|"
    "点解|點解|边度|邊度|how |what |when |where |why |which |do you |is it |can i |price"
)
_MARK = re.compile(_MARKS)
_MARK_WITHIN = re.compile(_MARKS + r"|[不没](?=\$)")  # between the breaks that `signs` writes
_PICTURES = re.compile(r"\[[^\]]{1,6}\]")
_BREAKS = re.compile(r"[^\w?]+")
# words that turn a mark into a statement: «不知道什么时候», «几乎», «好几个», «怎么都行»
_HEDGES = re.compile(
    "不知道|不晓得|不清楚|不懂|不管|无论|不论|反正|以为|看看|问问|听说|记得|想起|告诉|说什么|没什么|没啥|什么的|[好前过这那没]几|几乎|"
    "(?:什么|啥|谁|哪里|哪儿|怎么|多少)[都也]|不怎么|多少有|要求|请求|追求|求[大团群]|果然|就不|原来|竟然|居然|难怪|要不|不然|哈哈|"
    "怎么(?:那么|这么|会这么|会那么)|什么(?:神仙|鬼|玩意)|有什么(?:好|用)|哪有|哪来|要是|如果|所以|等|再|又|挺|最好|真是"
)


def question_likelihood(text: str) -> float:
    """The probability that a message in a group is a question, 0..1; a few microseconds."""
    if len(text) > _LONGEST:
        text = text[-_LONGEST:]
    if _MARK.search(text) is None:
        return _HARDLY
    constant, table = _table()
    return probability(constant + sum([table.get(sign, 0.0) for sign in signs(text)]))


def signs(text: str) -> list[str]:
    """What the detector looks at: each mark with what stands before and after it, the ends, hedges, the length."""
    asked = "?" in text or "?" in text
    padded = "$" + _BREAKS.sub("$", _PICTURES.sub("$", text.lower()).replace("?", "?")) + "$"
    padded = padded.replace("?", "$").replace("$$", "$")
    found = [
        "asked" if asked else "unasked", "length " + str(min(len(text) // 8, 6)), "parts " + str(min(padded.count("$"), 5)), "start " + padded[1:2],
        "start " + padded[1:3], "end " + padded[-2:-1], "end " + padded[-3:-1], ("asked" if asked else "plain") + " end " + padded[-2:-1],
    ]  # fmt: skip
    marks = 0
    last = padded.rfind("$", 0, len(padded) - 1)
    for match in _MARK_WITHIN.finditer(padded):
        start, end = match.span()
        mark = "A不A" if match.group(1) else match.group()
        marks += 1
        found += (mark, padded[start - 1] + "<" + mark, mark + ">" + padded[end : end + 1])
        found += (mark + ">>" + padded[end : end + 2], padded[max(0, start - 2) : start] + "<<" + mark)
        found.append(("asked " if asked else "plain ") + mark)
        found.append(mark + (" last" if start >= last else " early"))
    found.append("marks " + str(min(marks, 3)))
    hedges = _HEDGES.findall(padded)
    found += hedges
    found.append(("asked" if asked else "plain") + " hedges " + str(min(len(hedges), 2)))
    return found


@lru_cache(maxsize=1)
def _table() -> tuple[float, dict[str, float]]:
    table: dict[str, float] = dict(fitted()["question"])
    return table.pop("constant"), table
