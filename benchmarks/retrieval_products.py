"""Questions about a real catalogue, generated from its attributes: fits and measures the product side."""

from __future__ import annotations

import argparse
import collections
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from benchmarks.retrieval_cases import DATA, DEMO, fold_of, load
from benchmarks.train_retrieval import Plain, logistic, named, write
from content.knowledge.analysis import Reader
from content.knowledge.passages import Passage
from content.knowledge.products import MENTION, Catalogue, Mention

SHOP = DATA.parent / "shop"
PRICE = ("{}多少钱", "{}怎么卖的", "请问{}什么价格呀", "{}贵不贵", "{}现在什么价", "问下{}多少钱一件", "{}几块钱?")
STOCK = ("{}有货吗", "{}还有吗", "{}还有库存吗", "{}有没有现货", "{}补货了吗", "有{}吗", "还有没有{}卖", "{}卖完了吗")
VARIANT = (("{}有什么颜色", "颜色"), ("{}有哪些规格", "规格"), ("{}有什么尺寸的", "尺寸"), ("{}有什么口味", "口"))
ABOUT = ("{}怎么样", "{}好用吗", "介绍一下{}", "想了解一下{}", "{}", "{}好不好呀")
ATTRIBUTE = ("{0}的{1}是什么", "{0}{1}是啥", "请问{0}什么{1}", "{0}的{1}", "{0}{1}呢?", "想知道{0}的{1}")
VALUE = ("{0}是{1}的吗", "{0}是不是{1}", "这个{0}是{1}吗")
UNKNOWN = (
    "{}过敏的人能用吗", "{}会不会掉毛", "{}和超市的比哪个好", "{}坏了怎么修", "{}能送到新疆吗", "{}什么时候发货",
    "{}可以开发票吗", "{}孕妇能不能用", "{}有没有异味", "{}洗了会缩水吗", "{}下个月还搞活动吗", "{}谁用过给个评价",
    "{}的老板是谁", "{}支持七天无理由吗", "{}能不能刻字", "{}声音大不大", "{}一天用几次", "{}送赠品吗",
)  # fmt: skip
TALK = (
    "我昨天买了{}", "{}不错哦", "我家{}用了好几年了", "哈哈{}", "上次那个{}我妈很喜欢", "{}收到了谢谢", "别人家的{}真好看",
    "今天又降温了想抱着{}", "{}已经拍了", "等我下班去拿{}", "你买{}了没", "我也想要{}", "别买{}",
)  # fmt: skip
FACTS = (
    ("{}怎么洗", "洗"), ("{}能放多久", "保质"), ("{}几个月的宝宝能用", "龄"), ("{}保修多久", "质保"), ("{}辣不辣", "辣"), ("{}多厚", "厚"),
    ("{}承重多少", "承重"), ("{}怎么保存", "储存"), ("{}会过敏吗", "过敏"), ("{}什么时候上市", "上市"), ("{}配料是什么", "料"), ("{}甜吗", "口"),
    ("{}哪里产的", "产地"), ("{}什么材质", "材质"), ("{}多大尺寸", "尺寸"), ("{}多重", "重"),
)  # fmt: skip
ABSENT = (
    "电饭煲", "榴莲", "空调", "蓝牙耳机", "猕猴桃", "三文鱼", "羽毛球拍", "自行车", "洗衣机", "打印机", "吉他", "帐篷",
    "奶茶", "牛排", "车厘子", "儿童安全座椅", "显示器", "手机壳", "剃须刀片", "西瓜", "螃蟹", "路由器", "轮胎", "钢琴",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asking:
    """A question with the products it may mean (none: not to be answered) and the fact it asks for."""

    text: str
    right: frozenset[str]
    aspect: str | None
    kind: str


def passages(shop: Path = SHOP) -> list[Passage]:
    found = []
    for row in load("products.jsonl", shop):
        labels = tuple(" ".join(sku["specs"]) for sku in row["skus"] if sku["specs"] != ["标准"])
        attributes = tuple((name, value) for name, value in row["attributes"])
        category = " ".join(row["category"])
        found.append(
            Passage(f"product:{row['id']}", "product", row["name"], (), row["brief"], labels, attributes, category)
        )
    return found


def demo_passages() -> tuple[list[Passage], dict[str, list[str]]]:
    """The demo shop's products, and what each is called in talk."""
    found, called = [], {}
    for row in yaml.safe_load((DEMO / "products.yaml").read_text(encoding="utf-8")):
        labels = tuple(" ".join(sku["specs"]) for sku in row["skus"])
        attributes = tuple((name, str(value)) for name, value in row["attributes"])
        names, category = (*row["aliases"], *labels), " ".join(row["category"])
        key = f"product:{row['id']}"
        found.append(Passage(key, "product", row["name"], (), row["brief"], names, attributes, category))
        called[key] = row["aliases"]
    return found, called


def _called(name: str) -> list[str]:
    """Members name a product by the end of its name."""
    bare = name.split("(")[0].split("（")[0].split(" ")[0]
    return sorted({bare[-size:] for size in (3, 4, 5, 6) if len(bare) >= size} | {bare})


def generate(known: list[Passage], called: dict[str, list[str]], chance: random.Random) -> list[Asking]:
    """Questions and talk about every product; all products that go by the name used are meant."""
    asked: list[Asking] = []
    for each in known:
        said = called[each.id]
        for mention in chance.sample(said, min(3, len(said))):
            right = [other for other in known if mention in other.question or mention in called[other.id]]
            asked += _about(mention, each, right, chance)
    for name in ABSENT:
        if any(name in other.question or name in called[other.id] for other in known):
            continue
        for templates in (PRICE, STOCK, ABOUT):
            asked.append(Asking(chance.choice(templates).format(name), frozenset(), None, "absent"))
    return asked


def _about(mention: str, each: Passage, right: list[Passage], chance: random.Random) -> list[Asking]:
    asked: list[Asking] = []

    def ask(templates: Sequence[str], aspect: str | None, kind: str, products: list[Passage], often: float, *more: str) -> None:
        if chance.random() < often:
            text = chance.choice(templates).format(mention, *more)
            asked.append(Asking(text, frozenset(other.id for other in products), aspect, kind))

    ask(PRICE, "price", "price", right, 0.4)
    ask(STOCK, "stock", "stock", right, 0.4)
    ask(ABOUT, None, "about", right, 0.4)
    for template, part in VARIANT:
        told = [other for other in right if other.names or _has(other, part)]
        ask((template,), None, "spec" if told else "lacking", told, 0.2)
    useful = [(name, value) for name, value in each.attributes if len(name) < 6 and 1 < len(value) < 14]
    if useful:
        name, value = chance.choice(useful)
        ask(ATTRIBUTE, f"attribute:{name}", "attribute", [other for other in right if _has(other, name)], 1.0, name)
        ask(VALUE, f"attribute:{name}", "value", [each], 0.3, value)
    for template, part in chance.sample(FACTS, 3):
        told = [other for other in right if _has(other, part)]
        ask((template,), None, "fact" if told else "lacking", told, 0.5)
    ask(UNKNOWN, None, "unknown", [], 0.6)
    ask(TALK, None, "talk", [], 0.5)
    return asked


def _has(product: Passage, part: str) -> bool:
    return any(part in name for name, _ in product.attributes)


def other_texts(chance: random.Random) -> list[Asking]:
    rows = [*load("negatives.jsonl"), *load("queries.jsonl")]
    return [
        Asking(row["text"], frozenset(), None, row.get("type", "faq_query")) for row in chance.sample(rows, 1500)
    ]


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with what was considered for it: a row of features each, and whether it would be right."""

    asking: Asking
    mentions: list[Mention]
    right: list[bool]


def answered(chance: random.Random) -> list[Answered]:
    reader = Reader()
    real, (demo, called) = passages(), demo_passages()
    found = []
    for known, names in ((real, {each.id: _called(each.question) for each in real}), (demo, called)):
        catalogue = Catalogue(reader)
        for each in known:
            catalogue.put(each)
        for asking in generate(known, names, chance) + other_texts(chance):
            mentions = catalogue.consider(reader.read(asking.text))[:6]
            found.append(Answered(asking, mentions, [_is_right(asking, mention) for mention in mentions]))
    return found


def _is_right(asking: Asking, mention: Mention) -> bool:
    right = mention.item.passage.id in asking.right
    if asking.kind in ("price", "stock", "attribute", "value"):
        return right and mention.aspect == asking.aspect
    return right


def fit(cases: list[Answered]) -> Plain:
    rows = [mention.features for case in cases for mention in case.mentions]
    return logistic(np.array(rows), np.array([right for case in cases for right in case.right]), None, 0.3)


def best(cases: list[Answered]) -> list[tuple[float, bool, Mention | None]]:
    """The best mention of each question by a fit that did not see it: logit, whether right, the mention."""
    fits = [fit([case for case in cases if fold_of(case.asking.text) != fold]) for fold in range(5)]
    found: list[tuple[float, bool, Mention | None]] = []
    for case in cases:
        slopes, constant = fits[fold_of(case.asking.text)]
        scored = [
            (float(np.array(mention.features) @ slopes + constant), right, mention)
            for mention, right in zip(case.mentions, case.right, strict=True)
        ]
        found.append(max(scored, key=lambda each: each[0], default=(-30.0, False, None)))
    return found


def report(cases: list[Answered], found: list[tuple[float, bool, Mention | None]], show: int) -> None:
    kinds = sorted({case.asking.kind for case in cases})
    for limit in (0.3, 0.5, 0.7, 0.9):
        logit = float(np.log(limit / (1 - limit)))
        line = []
        for kind in kinds:
            own = [each for case, each in zip(cases, found, strict=True) if case.asking.kind == kind]
            said = [right for score, right, _ in own if score > logit]
            if any(case.asking.right for case in cases if case.asking.kind == kind):
                line.append(f"{kind} cov {sum(said) / len(own):.2f} prec {sum(said) / max(1, len(said)):.2f}")
            else:
                line.append(f"{kind} {len(said) / len(own):.3f}")
        print(limit, " | ".join(line))
    shown: collections.Counter[str] = collections.Counter()
    for case, (score, right, mention) in zip(cases, found, strict=True):
        kind = case.asking.kind
        if (score > 0) != bool(case.asking.right) or (case.asking.right and not right):
            shown[kind] += 1
            if shown[kind] <= show:
                name = mention.item.passage.question if mention else None
                print(f"{kind} {score:.2f} {case.asking.text} | {name} | {mention and mention.aspect}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the weights")
    parser.add_argument("--show", type=int, default=0, help="print this many failures of each kind")
    given = parser.parse_args()
    cases = answered(random.Random(7))
    report(cases, best(cases), given.show)
    if given.write:
        write({"mention": named(fit(cases), MENTION)})


if __name__ == "__main__":
    main()
