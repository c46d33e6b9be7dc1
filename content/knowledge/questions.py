"""Tells a question from other talk, cheaply: most of what a group says needs no search at all."""

from __future__ import annotations

import re
from functools import lru_cache
from operator import add

from content.knowledge.text import normalise
from content.knowledge.weights import fitted, probability

QUESTION_THRESHOLD = 0.9
_LONGEST = 200
_READ = 60  # characters from the end whose pairs are looked at; questions stand last
_HARDLY = 0.02  # of texts without any mark of a question, by hand-labelled talk
_MARKS = (
    "[?？吗嗎嘛麼么咩呢几幾哪谁誰啥咋求冇]|什么|甚麼|怎么样|怎么|怎样|怎麼|怎|为什么|为何|為何|为啥|如何|何时|是否|能否|可否|"
    "多[少久大长長重高远厚宽深粗]|([^\\s])[不没沒]\\1|([^\\s]{2})[不没沒]\\2|有没|有沒|请问|請問|请教|推荐|推薦|价格|價格|价位|还是|"
    "[不没][?？!！。~\\s]*$|到了没|了没|点解|點解|边度|邊度|可唔|係咪|木有|"
    "how |what |when |where |why |which |any|do you |is it |can i |price|available"
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
# ways of speaking that hold a question's words and ask nothing, and two that do ask
_WAYS = tuple(
    (name, re.compile(words))
    for name, words in (
        ("twice", r"(什么|谁|多少|哪里|哪|怎么|几|啥|多大|多).{0,7}?\1"),  # «有什么吃什么»
        ("orders", "(?:大家|麻烦|各位|需要的|有需要|不懂的|不会的|不清楚的|有问题|有什么问题|检查|确认|记得|直接|可以)[^$]{0,8}"
                   "(?:看[下看]|报|说下|找|问|联系|私聊?|接龙|随时|查收|核对)"),
        ("knows", "知道(?:了|在|怎么|是)|弄明白|搞懂|明白了|终于|记不清|记不得|忘了|忘记|想起|我在想|想想|在想|我问|问了|问我|他问|问就|别问|不懂就"),
        ("depends", "就知道|才知道|自己体会|看运气|看跟|就看|都是|一回事|就行|随便|无所谓|都行|算了|也行|也好|再说|不挑|都一样"),
        ("exclaims", "谁(?:不|能不|能拒|懂|让|说不)|哪(?:能|会|敢|有那|有这)|怎能|难怪|难道|凭什?[么啥]|何必|何苦|岂|"
                     "为[什啥]么?(?:我总|我老|别人|不早)|神仙|宝藏|什么鬼|自由"),
        ("feels", "哈哈|好[^吃用看不吗]|真是?的?|太|居然|竟然|又|终于|果然|也就|就是|挺"),
        ("begs", "(?:告诉|求|请|麻烦|帮|想|请教|咨询|打听)(?:[^$]{0,4})(?:问|下|我|看|查|推荐|解)"),
        ("chooses", "是.{1,9}?还是|(.)的(.)的[啊呀呢$]|能.{0,4}不能|有没有.{0,9}的[?$]"),
        ("calls", "你们|老板|团长|群主|客服|大佬|大家|各位|有人|谁有|亲"),
    )
)  # fmt: skip


def question_likelihood(text: str) -> float:
    """The probability that a message in a group is a question, 0..1; a few microseconds."""
    if len(text) > _LONGEST:
        text = text[-_LONGEST:]
    if _MARK.search(text) is None:
        return _HARDLY
    return _weighed(text)


@lru_cache(maxsize=512)  # a question that is heard is searched for next
def _weighed(text: str) -> float:
    constant, table = _table()
    return probability(constant + sum(map(table.__getitem__, table.keys() & set(signs(text)))))


def signs(text: str) -> list[str]:
    """What the detector looks at: each mark with what stands before and after it, hedges and ways of speaking, the
    ends, the length, and the characters and pairs of them."""
    plain = normalise(text)
    how = "asked " if "?" in plain else "plain "
    shown = "$" + _PICTURES.sub("$", plain).replace(" ", "$") + "$"
    padded = _BREAKS.sub("$", shown).replace("?", "$").replace("$$", "$")
    last = padded.rfind("$", 0, len(padded) - 1)
    read = shown[-_READ:]
    found = [
        how, f"length {min(len(text) // 8, 6)}", f"parts {min(padded.count('$'), 5)}", f"start {padded[1:2]}",
        f"start {padded[1:3]}", f"end {padded[-2:-1]}", f"end {padded[-3:-1]}", f"{how}end {padded[-2:-1]}",
        f"last part {padded[last + 1 : last + 3]}", *read, *map(add, read, read[1:]),
    ]  # fmt: skip
    found += [f"clause end {clause[-1:]}" for clause in padded[1:-1].split("$")]
    hedges = _HEDGES.findall(padded)
    found += [*_marks(padded, last, how), *_ways(padded, last, how), *[f"hedge {hedge}" for hedge in hedges]]
    found.append(f"{how}hedges {min(len(hedges), 2)}")
    return found


def _marks(padded: str, last: int, how: str) -> list[str]:
    """The marks, and between what they stand."""
    found: list[str] = []
    many = 0
    for match in _MARK_WITHIN.finditer(padded):
        start, end = match.span()
        mark = "A不A" if match.group(1) or match.group(2) else match.group()
        many += 1
        found += (f"mark {mark}", f"{padded[start - 1]}<{mark}", f"{mark}>{padded[end : end + 1]}")
        found.append(f"{mark} in {min(len(padded) // 5, 5)}")
        found += (f"{mark}>>{padded[end : end + 2]}", f"{padded[max(0, start - 2) : start]}<<{mark}", how + mark)
        found.append(f"{mark} last" if start >= last else f"{mark} early")
    found.append(f"marks {min(many, 3)}")
    return found


def _ways(padded: str, last: int, how: str) -> list[str]:
    found: list[str] = []
    for name, words in _WAYS:
        match = words.search(padded)
        if match is not None:
            found += (f"way {name}", f"{how}{name}")
            if match.start() >= last:
                found.append(f"way {name} last")
    return found


@lru_cache(maxsize=1)
def _table() -> tuple[float, dict[str, float]]:
    """The constant and each sign's weight; the file keeps, for each weight in hundredths, the signs that have it."""
    lines: dict[str, str] = fitted()["question"]
    table = {sign: int(hundredths) / 100 for hundredths, line in lines.items() for sign in line.split("\t")}
    return table.pop("constant"), table
