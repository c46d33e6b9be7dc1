"""The cases the retriever is fitted and measured on: dev questions and bases made of paraphrase pairs."""

from __future__ import annotations

import collections
import hashlib
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from content.knowledge.analysis import Reader
from content.knowledge.faq import FaqIndex
from content.knowledge.features import NAMES
from content.knowledge.passages import Passage

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "faq"
FOLDS = 5
PHRASINGS = 3
DEMO = Path(__file__).resolve().parents[1] / "content" / "demo"
SOURCES = ("lcqmc_dev", "xiaobu_dev", "atec", "afqmc")
NARROW = frozenset({"atec", "afqmc"})  # pairs of the same domain as the `ant` base
ENTRIES = 400  # in a made base, a third of them with look-alikes that are not in it
BASES = 3


@dataclass
class Case:
    """A text with the entries considered for it; `right` is the entry meant, None when none is."""

    kind: str
    kb: str
    fold: int
    right: str | None
    text: str
    ids: list[str]
    features: np.ndarray = field(repr=False)


def load(name: str, data: Path = DATA) -> list[dict[str, Any]]:
    with (data / name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def fold_of(text: str) -> int:
    return int(hashlib.md5(text.encode()).hexdigest(), 16) % FOLDS


def dev_texts(data: Path = DATA) -> set[str]:
    """Every text that is measured on; pairs that hold one are left out of everything that is fitted."""
    texts = {row["text"] for name in ("queries.jsonl", "negatives.jsonl") for row in load(name, data)}
    for entry in load("faq.jsonl", data):
        texts.update((entry["question"], *entry["aliases"]))
    return texts


def _case(
    reader: Reader, index: FaqIndex, kind: str, kb: str, group: str, right: str | None, text: str
) -> Case:
    found = index.consider(reader.hear(text))
    features = np.array([each.features for each in found]).reshape(-1, len(NAMES))
    return Case(kind, kb, fold_of(group), right, text, [each.passage_id for each in found], features)


def dev_cases(data: Path = DATA, phrasings: int = PHRASINGS) -> list[Case]:
    """Queries fold by entry, withheld questions by their entry's note, other texts by themselves."""
    reader = Reader()
    index = FaqIndex(reader)
    for entry in load("faq.jsonl", data):
        index.put(Passage(entry["id"], "faq", entry["question"], tuple(entry["aliases"][:phrasings])))
    cases = []
    for row in load("queries.jsonl", data):
        right = row["answer_id"]
        cases.append(_case(reader, index, "query", row["kb"], right, right, row["text"]))
    for row in load("negatives.jsonl", data):
        group = row.get("note", row["text"]) if row["type"] == "indomain_withheld" else row["text"]
        cases.append(_case(reader, index, row["type"], row["kb"], group, None, row["text"]))
    return cases


def made_cases(data: Path = DATA, seed: int = 0) -> list[Case]:
    """Bases made of the pairs: what is linked by label 1 is an entry, its phrasings and its questions; what
    label 0 sets against an entry, and questions of other entries, should find nothing."""
    chance = random.Random(seed)
    dev = dev_texts(data)
    pairs = [pair for pair in load("pairs.jsonl", data) if pair["a"] not in dev and pair["b"] not in dev]
    cases: list[Case] = []
    for source in SOURCES:
        own = [pair for pair in pairs if pair["source"] == source]
        clusters, look_alikes = _clusters(own)
        for _ in range(BASES):
            cases += _made_base(source, clusters, look_alikes, chance)
    return cases


ASKED_OF_PRODUCTS = (
    "{}多少钱", "{}还有货吗", "{}哪里产的", "{}多重", "{}能带上飞机吗", "{}和超市的比哪个好", "{}送人合适吗", "{}什么牌子的", "{}有赠品吗",
    "{}多厚", "{}有几种颜色", "{}能便宜点吗", "{}谁买过", "{}是正品吗", "减肥能吃{}吗",
)  # fmt: skip
SAID_OF_PRODUCTS = (
    "刚拿到{}", "{}收到了谢谢", "我家娃最爱{}了", "今天的{}真不错", "上次买的{}还没吃完", "等下去拿{}", "{}已经拍了", "别人家的{}真好",
    "我也想要{}", "{}到了吗我去拿", "昨天买了{}", "好想吃{}啊",
)  # fmt: skip


def shop_cases(seed: int = 5) -> list[Case]:
    """The demo shop's FAQ, five times with a fifth of its entries left out: a phrasing of a kept entry should
    find it; one of a left-out entry, a product question and talk about a product should find nothing."""
    chance = random.Random(seed)
    entries = yaml.safe_load((DEMO / "faq.yaml").read_text(encoding="utf-8"))
    products = yaml.safe_load((DEMO / "products.yaml").read_text(encoding="utf-8"))
    nouns = sorted({alias for product in products for alias in product["aliases"]})
    reader = Reader()
    cases: list[Case] = []
    for left_out in range(FOLDS):
        index = FaqIndex(reader)
        asked: list[tuple[str, str | None, str]] = []
        for entry in entries:
            texts = [entry["question"], *entry["phrasings"]]
            if fold_of(entry["id"]) == left_out:
                asked += [("indomain_withheld", None, text) for text in chance.sample(texts, min(3, len(texts)))]
                continue
            chance.shuffle(texts)
            known = chance.randint(1, max(1, min(4, len(texts) - 1)))
            index.put(Passage(entry["id"], "faq", texts[0], tuple(texts[1:known]), entry["answer"]))
            asked += [("query", entry["id"], text) for text in texts[known : known + 2]]
        for noun in chance.sample(nouns, 60):
            asked.append(("indomain_withheld", None, chance.choice(ASKED_OF_PRODUCTS).format(noun)))
            asked.append(("chatter_shop", None, chance.choice(SAID_OF_PRODUCTS).format(noun)))
        cases += [
            _case(reader, index, kind, "shop", right or text, right, text) for kind, right, text in asked
        ]
    return cases


def _clusters(pairs: list[dict[str, Any]]) -> tuple[list[list[str]], dict[str, set[str]]]:
    parent: dict[str, str] = {}

    def root(text: str) -> str:
        while parent.setdefault(text, text) != text:
            parent[text] = parent[parent[text]]
            text = parent[text]
        return text

    look_alikes: dict[str, set[str]] = collections.defaultdict(set)
    for pair in pairs:
        if pair["label"]:
            first, second = root(pair["a"]), root(pair["b"])
            parent[first] = second
        else:
            look_alikes[pair["a"]].add(pair["b"])
            look_alikes[pair["b"]].add(pair["a"])
    members: dict[str, list[str]] = collections.defaultdict(list)
    for text in parent:
        members[root(text)].append(text)
    return sorted(sorted(found) for found in members.values() if 2 <= len(found) <= 30), look_alikes


def _made_base(
    source: str, clusters: list[list[str]], look_alikes: dict[str, set[str]], chance: random.Random
) -> list[Case]:
    tempting = [cluster for cluster in clusters if any(look_alikes.get(text) for text in cluster)]
    chosen = chance.sample(clusters, min(ENTRIES * 2 // 3, len(clusters)))
    chosen += chance.sample(tempting, min(ENTRIES // 3, len(tempting)))
    chosen = list({cluster[0]: cluster for cluster in chosen}.values())
    inside = {text for cluster in chosen for text in cluster}
    reader = Reader()
    index = FaqIndex(reader)
    asked: list[tuple[str, str | None, str]] = []
    for number, cluster in enumerate(chosen):
        texts = chance.sample(cluster, len(cluster))
        known = min(chance.randint(1, 4), len(texts) - 1)
        entry = f"{source}-{number}"
        index.put(Passage(entry, "faq", texts[0], tuple(texts[1:known])))
        asked += [("query", entry, text) for text in texts[known : known + 3]]
        alike = [text for each in texts[:known] for text in sorted(look_alikes.get(each, ()))]
        alike = [text for text in alike if text not in inside]
        asked += [("indomain_withheld", None, text) for text in chance.sample(alike, min(2, len(alike)))]
    others = chance.sample(clusters, min(150, len(clusters)))
    asked += [("indomain_withheld", None, cluster[0]) for cluster in others if cluster[0] not in inside]
    return [_case(reader, index, kind, source, right or text, right, text) for kind, right, text in asked]
