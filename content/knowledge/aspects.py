"""Understands which fact of a product is asked for: its price, its stock, a variant, one of its attributes."""

from __future__ import annotations

import re
from dataclasses import dataclass

# on rewritten text, so one spelling stands for its whole group in lexicon.txt
PRICE = re.compile("多少钱|贵(?:不贵|吗|么)|便宜|什么价|几元|一斤多少|价(?:格|钱)?(?=$|吗|呢|多少)")
STOCK = re.compile("库存|还有否|还有吗|有吗|有卖|卖吗|有得卖|在卖|上架|买得到|买到|还能下单|(?:^|还|现在)有(?=.+吗$)|有否")
VARIANT = re.compile("规格|几种|什么颜色|颜色|什么口味|口味|尺寸|几款|什么款|包装|多大的|重量")
ABOUT = re.compile("好否|推荐|什么样|怎么样|详情|特点|卖点|好处")
# words for an attribute that a catalogue may or may not hold; asking for one it lacks is a question we cannot answer
ATTRIBUTES = (
    "材质", "产地", "保质期", "生产日期", "适用", "重量", "尺寸", "颜色", "口味", "保修期", "成分", "功率", "容量",
    "填充", "工艺", "执行标准", "洗涤", "储存", "保存", "年龄", "月龄", "段位", "等级", "品牌", "厚度", "含量",
    "热量", "糖", "配料", "冷藏", "加热", "清洗", "用法", "吃法", "做法",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """`aspect` as in Candidate or None; `attribute` the attribute's word; `rest` what remains of the text."""

    aspect: str | None
    attribute: str | None
    rest: str


def asked(read: str) -> Asked:
    """What a rewritten question asks for; the words that say so are taken out of `rest`."""
    for aspect, pattern in (("price", PRICE), ("stock", STOCK)):
        rest, found = pattern.subn(" ", read)
        if found:
            return Asked(aspect, None, rest)
    for word in ATTRIBUTES:
        if word in read:
            return Asked("spec" if VARIANT.search(word) else None, word, read.replace(word, " "))
    rest, found = VARIANT.subn(" ", read)
    if found:
        return Asked("spec", None, rest)
    rest, found = ABOUT.subn(" ", read)
    return Asked("about" if found else None, None, rest)
