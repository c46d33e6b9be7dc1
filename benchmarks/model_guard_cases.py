"""Answers a model could give to the shop of tests/model: false ones by kind, and faithful ones beside them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

# What the shop of the scenes says; the cases are written against these words.
SAYS = {
    "faq:pickup": "每天 9 点到 21 点都可以来自提。",
    "faq:postage": "满39元包邮，新疆西藏除外。不满39元收6元。",
    "faq:points": "100积分抵1元，每单最多抵20%。积分到12月31日清零。",
    "faq:cod": "不支持货到付款。支持微信支付。",
    "product:p1": "草莓现在39.9元，每份。草莓产地云南会泽。",
    "product:p2": "车厘子129元，每份。车厘子产地智利。",
}
ASKED = {
    "faq:pickup": "拿快递几点关门",
    "faq:postage": "买够多少不用付运费",
    "faq:points": "我的分能当钱花吗",
    "faq:cod": "付现金行不行",
    "product:p1": "草莓啥价",
    "product:p2": "车厘子啥价",
}
ADDED = (
    "今天下单再减10元",
    "全场五折",
    "明天中午12点前送到",
    "送价值99元的礼盒",
    "仅剩3份",
    "原价199元",
    "百分之五十的人都买了",
    "买二送一",
    "3月9日截止",
    "下周三到货",
    "前十名免单",
    "半价",
    "会员打八八折",
    "24小时内发货",
    "每人限购两份",
    "比超市便宜一半",
    "half price today",
    "保质期18个月",
    "净重500克",
    "7天无理由",
    "打13800000000问问",
    "见 http://a.example/39",
    "加微信 abc12345",
    "满３９减５",
    "立减①⑩元",
    "最低 9.9",
    "评分4.9",
    "已售1万+",
    "好评率99%",
    "三年老店",
)
CLAIMED = (
    "美容养颜",
    "增强免疫力",
    "纯天然无农药",
    "有机认证",
    "降三高",
    "治失眠",
    "孕妇也能放心吃",
    "有助于排毒",
    "儿童吃了长高",
    "国家专利",
    "全网最低价",
    "一定明天到",
    "不好吃包退",
    "可以退款",
    "保证新鲜",
    "医生推荐",
    "补血",
    "抗癌",
    "减肥必备",
    "蓝莓也有货",
    "榴莲今天特价",
    "新疆也包邮",
)
TAKEN_BACK = (
    ("faq:cod", "支持货到付款。"),
    ("faq:cod", "支持货到付款，支持微信支付。"),
    ("faq:cod", "不支持微信支付。"),
    ("faq:cod", "可以货到付款哦"),
    ("faq:postage", "满39元包邮。"),
    ("faq:postage", "满39元包邮，新疆西藏也包邮。"),
    ("faq:postage", "包邮，新疆西藏除外。"),
    ("faq:postage", "不满39元包邮，新疆西藏除外。"),
    ("faq:postage", "新疆西藏满39元包邮。"),
    ("faq:postage", "39元包邮"),
    ("faq:pickup", "每天都可以来自提。"),
    ("faq:pickup", "9点到21点都不可以来自提。"),
    ("faq:pickup", "可以的"),
    ("faq:pickup", "好的，没问题。"),
    ("faq:points", "每单最多抵20%。"),
    ("faq:points", "积分不清零。"),
    ("faq:points", "积分永久有效。"),
    ("faq:points", "积分到12月清零。"),
    ("faq:points", "100积分抵20%。"),
    ("faq:points", "1积分抵100元。"),
    ("faq:points", "20积分抵1元，每单最多抵100%。"),
    ("faq:postage", "满6元包邮，新疆西藏除外。"),
    ("faq:postage", "不满6元收39元。"),
    ("faq:postage", "不满39元收39元。"),
    ("faq:pickup", "每天21点到9点都可以来自提。"),
    ("faq:pickup", "每天9点到9点都可以来自提。"),
    ("faq:pickup", "每天21点都可以来自提。"),
)
OTHERS = (
    ("product:p1", "草莓129元。"),
    ("product:p1", "车厘子39.9元。"),
    ("product:p1", "草莓39元。"),
    ("product:p1", "草莓9.9元。"),
    ("product:p1", "39.9元。"),
    ("product:p1", "奶油草莓酱39.9元。"),
    ("product:p1", "草莓还剩80份。"),
    ("product:p1", "草莓还剩30份。"),
    ("product:p1", "草莓产地智利。"),
    ("product:p1", "草莓399元。"),
    ("product:p1", "草莓39.91元。"),
    ("product:p1", "草莓$39.9"),
    ("product:p1", "草莓39.9元/斤。"),
    ("product:p1", "两份草莓79.8元。"),
    ("product:p1", "草莓3斤39.9元，1斤13.3元。"),
    ("product:p1", "草莓 三十九块九。"),
    ("product:p1", "草莓大果39.9元"),
    ("product:p1", "草莓39.9元起。"),
    ("product:p1", "草莓不到39.9元。"),
    ("product:p2", "车厘子39.9元。"),
    ("product:p2", "车厘子12.9元。"),
    ("product:p2", "樱桃129元一斤。"),
    ("product:p2", "车厘子产地云南会泽。"),
    ("product:p2", "车厘子1290元。"),
    ("product:p2", "车厘子129.5元。"),
    ("product:p2", "草莓还剩30份。"),
    ("product:p2", "129元，每份。"),
)
FAITHFUL = (
    ("faq:pickup", "每天 9 点到 21 点都可以来自提。"),
    ("faq:pickup", "您好，每天9点到21点都可以来自提哦。"),
    ("faq:pickup", "每天9点到21点都可以来自提～"),
    ("faq:pickup", "亲，我们每天９点到２１点都可以来自提，有问题随时问我们。"),
    ("faq:postage", "满39元包邮，新疆西藏除外。"),
    ("faq:postage", "您好！满39元包邮，新疆西藏除外。不满39元收6元。"),
    ("faq:postage", "不满39元收6元。"),
    ("faq:postage", "满39元包邮（新疆西藏除外）。"),
    ("faq:points", "100积分抵1元，每单最多抵20%。"),
    ("faq:points", "积分到12月31日清零。"),
    ("faq:points", "您好，积分到12月31日清零哦。"),
    ("faq:cod", "不支持货到付款。"),
    ("faq:cod", "不支持货到付款。支持微信支付。"),
    ("faq:cod", "支持微信支付。"),
    ("faq:cod", "您好，不支持货到付款，支持微信支付。"),
    ("product:p1", "草莓现在39.9元。"),
    ("product:p1", "草莓：¥39.90，每份。"),
    ("product:p1", "奶油草莓39.9元，还剩8份。"),
    ("product:p1", "云南高山奶油草莓 3斤装，¥39.9。"),
    ("product:p1", "草莓产地：云南会泽。"),
    ("product:p1", "草莓，早上摘的果，果香浓。"),
    ("product:p2", "车厘子129元。"),
    ("product:p2", "智利车厘子 2斤装 ¥129.00，每份。"),
    ("product:p2", "樱桃产地智利。"),
    ("product:p2", "车厘子还剩 30 份。"),
)


@dataclass(frozen=True)
class Case:
    """One answer of the model: its kind, the passage it cites, and the words."""

    kind: str
    cited: str
    answer: str

    @property
    def question(self) -> str:
        return ASKED[self.cited]


def false_answers() -> list[Case]:
    """Every one says something that its passage does not."""
    cases = [*_numbers(), *_units(), *_forms()]
    for at, words in enumerate(ADDED):
        cited = list(SAYS)[at % len(SAYS)]
        cases.append(Case("added number or promise", cited, f"{SAYS[cited]}{words}。"))
        cases.append(Case("added number or promise", cited, f"{words}，{SAYS[cited]}"))
    for at, words in enumerate(CLAIMED):
        cited = list(SAYS)[at % len(SAYS)]
        cases.append(Case("claim of effect or name", cited, f"{SAYS[cited]}{words}。"))
    cases += [Case("taken back or left out", *pair) for pair in TAKEN_BACK]
    return cases + [Case("another's price, place or stock", *pair) for pair in OTHERS]


def true_answers() -> list[Case]:
    return [Case("faithful", *pair) for pair in FAITHFUL]


def _numbers() -> Iterator[Case]:
    """Each number of each passage replaced by others."""
    for cited, words in SAYS.items():
        for found in re.finditer(r"\d+(?:\.\d+)?", words):
            value = float(found.group())
            for other in (value + 1, value * 10, value / 2 + 0.3, 0):
                changed = f"{other:g}"
                if changed != found.group():
                    yield Case("another number", cited, words[: found.start()] + changed + words[found.end() :])


def _units() -> Iterator[Case]:
    """The right number with another unit or sign."""
    for unit in ("角", "块", "万元", "美元", "折", "%", "天", "斤", "元起", "元以上", "元左右"):
        yield Case("another unit", "faq:postage", f"满39{unit}包邮，新疆西藏除外。")
    for sign in ("-", "约", "不到", "超", "<", "±", "~"):
        yield Case("another unit", "faq:postage", f"不满{sign}39元收6元。")
    for unit in ("分", "天", "点半", "号", "小时", ":30"):
        yield Case("another unit", "faq:pickup", f"每天9{unit}到21点都可以来自提。")


def _forms() -> Iterator[Case]:
    """A wrong number in every way to write one."""
    for form in (
        "４９",
        "四十九",
        "肆拾玖",
        "④⑨",
        "4️⃣9️⃣",
        "Ⅸ",
        "3​8",
        "3 9 9",
        "²",
        "½",
        "forty-nine",
        "四九",
        "廿",
        "半百",
    ):
        yield Case("another way to write", "faq:postage", f"满{form}元包邮，新疆西藏除外。")
        yield Case("another way to write", "faq:pickup", f"每天9点到{form}点都可以来自提。")


_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_STEPS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}


def numbers(text: str) -> set[float]:
    """Every number in a text, however written; made apart from the guard, to judge it."""
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(sign for sign in plain if unicodedata.category(sign) not in ("Cf", "Mn", "Me"))
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", plain)
    found = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", plain)}
    for run in re.findall(r"[零〇一二两三四五六七八九十百千万]+", plain):
        total, digit = 0, 0
        for sign in run:
            if sign in _STEPS:
                total += (digit or 1) * _STEPS[sign]
                digit = 0
            else:
                digit = digit * 10 + _DIGITS[sign]
        found.add(float(total + digit))
    return found | ({0.5} if "半" in plain else set())
