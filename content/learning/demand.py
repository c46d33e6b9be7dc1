"""Hears in a message what a member wishes the shop had: «还会补货吗», «想要粉色的»."""

from __future__ import annotations

import re
from dataclasses import dataclass

from content.knowledge import normalise

LONGEST = 80  # characters; a longer message tells a story
RESTOCK, VARIANT = "restock", "variant"

_RESTOCK = re.compile(
    r"补货|返场|还(?:会|能|要)?(?:再)?(?:上架|进货|上新|开团|上)(?:了)?(?:吗|嘛|么|不|呢|啊|\?)|再(?:上|开|来|补|进)一?(?:点|批|团|波|些)"
    r"|什么时候(?:再|能|会|可以)*(?:有货|上架|补|再有|上新|开团|到货)|下架了(?:吗|嘛|么|\?)|(?:怎么|为什么|为啥)下架|都?(?:卖|抢)(?:完|光)了"
    r"|断货|没抢到|没买到|求(?:补|上架|返|再)|以后还(?:有|卖)|还(?:卖|做|团)(?:吗|嘛|么|不)|restock|back in stock",
)
_NOT_A_WISH = re.compile(r"补货了$|(?:已经|刚刚?)补货|不用补|不补货也|退货|补发|补差")
_WANTED = (
    r"(?:一?个|一?件|一?款|那种|点)?(?P<wanted>[\u4e00-\u9fffa-z0-9.]{1,6}?"
    r"(?:颜色|色|口味|味|尺码|码|号|斤装|支装|盒装|袋装|瓶装|装|款|规格))"
)
_VARIANT = re.compile(
    r"(?:想要|想买|想订|求一?个?|可以出|出个|来个|希望有|要是有|如果有)" + _WANTED + r"(?=的|嘛|吗|么|呢|啊|吧|就好|该多好|$|[?!,。~ ])"
)
_ASKED_VARIANT = re.compile(
    r"(?:有没有|(?<![没还只])有|能不能(?:出|有|做))" + _WANTED + r"(?:的)?(?:吗|嘛|么|不|没有?|呢|\?|$)"
)
_EMPTY_VARIANT = re.compile(
    r"^(?:什么|啥|哪|几|这|那|同|爆|付|退|货|打|新|一|两|多|别|其他|别的|各|好|不同|个|种|的)*(?:颜色|色|口味|味|尺码|码|号|装|款|规格)$"
    r"|(?:付|退|货|打|贷|存|汇|角|特|出|景|物|密|条|验证|优惠|二维|提货|取货|扫|账|帐|型|微信|单|编|订单|快递单|房|手机|服|安|包)(?:色|款|码|号|装)$"
    r"|(?:什么|哪个|哪种|几种|多少)"
)


@dataclass(frozen=True, slots=True)
class Heard:
    """A wish: for more of what there was (restock), or for a variant in the member's words."""

    kind: str
    wanted: str = ""


def parse_wish(text: str) -> Heard | None:
    """The wish in a message; None for other talk."""
    if len(text) > LONGEST:
        return None
    plain = normalise(text)
    variant = _VARIANT.search(plain) or _ASKED_VARIANT.search(plain)
    if variant is not None and not _EMPTY_VARIANT.search(variant["wanted"]):
        return Heard(VARIANT, variant["wanted"])
    if _RESTOCK.search(plain) and not _NOT_A_WISH.search(plain):
        return Heard(RESTOCK)
    return None
