"""How fast, how large and how right the learning loop is: 20,000 interactions read, clusters beside the truth.

`python -m benchmarks.learning` prints a table and with --json FILE writes the figures there as well. Without the
research data beside the repository, only the synthetic questions are measured.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.talk import CHATTER, load_demo_shop
from content.knowledge import Knowledge
from content.learning.clustering import Clusters
from content.learning.reading import Learner
from content.shelf import Shelf
from storage import inbox, migrate, proposals
from storage.database import Database

DATA = Path(__file__).resolve().parent.parent / "../shared/data/faq"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
THINGS = (
    "停车场", "充电宝", "儿童推车", "宠物", "雨伞", "快递柜", "洗衣券", "电影票", "健身房", "游泳池",
    "乒乓球桌", "会议室", "打印机", "自习室", "图书角", "花园灯", "健步道", "篮球场", "饮水机", "储物柜",
    "门禁卡", "车位锁", "班车", "按摩椅", "照相亭", "烘干机", "缝纫铺", "修鞋摊", "理发椅", "钓鱼池",
)
ASKS = (
    ("{}几点关门", "{}开到几点", "{}什么时候关", "请问{}几点关门呀", "{}晚上几点关"),
    ("{}收费吗", "用{}要钱吗", "{}是免费的吗", "{}怎么收费", "{}多少钱一次"),
    ("{}怎么预约", "{}在哪预约", "想用{}怎么约", "{}要提前预约吗", "{}能预约吗"),
    ("{}在哪里", "{}在什么地方", "{}怎么走", "请问{}在几楼", "{}在哪一层"),
    ("{}坏了找谁", "{}坏了怎么报修", "{}用不了怎么办", "{}故障了联系谁", "{}坏了谁来修"),
    ("{}可以退款吗", "{}的钱能退吗", "{}怎么退款", "{}不想用了能退吗", "退{}的钱要多久"),
)


def synthetic(rng: random.Random, many: int) -> list[tuple[str, str]]:
    """(text, what it asks): a few things are asked much more than the others, as in life."""
    topics = [(thing, at) for thing in THINGS for at in range(len(ASKS))]
    weights = [1 / (1 + place) ** 0.8 for place in range(len(topics))]
    rng.shuffle(topics)
    made = []
    for thing, at in rng.choices(topics, weights, k=many):
        text = rng.choice(ASKS[at]).format(thing)
        noise = rng.random()
        text = f"{text}?" if noise < 0.3 else f"亲，{text}" if noise < 0.4 else f"{text}啊" if noise < 0.5 else text
        made.append((text, f"{thing}-{at}"))
    return made


def real() -> list[tuple[str, str]]:
    """(text, entry) of the research data: real wordings of 387 entries; empty without it."""
    if not (DATA / "queries.jsonl").exists():
        return []
    read = [json.loads(line) for line in (DATA / "queries.jsonl").read_text("utf-8").splitlines()]
    found = [(row["text"], row["answer_id"]) for row in read]
    for line in (DATA / "faq.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        found += [(text, row["id"]) for text in (row["question"], *row["aliases"][:4])]
    return found


def judged(pairs: Sequence[tuple[str, int]]) -> dict[str, float]:
    """B-cubed precision and recall of (truth, cluster), and how many of each there are."""
    by_cluster: dict[int, Counter[str]] = defaultdict(Counter)
    by_truth: dict[str, Counter[int]] = defaultdict(Counter)
    for truth, cluster in pairs:
        by_cluster[cluster][truth] += 1
        by_truth[truth][cluster] += 1
    precision = sum(n * n / sum(c.values()) for c in by_cluster.values() for n in c.values()) / len(pairs)
    recall = sum(n * n / sum(c.values()) for c in by_truth.values() for n in c.values()) / len(pairs)
    return {
        "questions": len(pairs), "topics": len(by_truth), "clusters": len(by_cluster),
        "precision": round(precision, 3), "recall": round(recall, 3),
        "f1": round(2 * precision * recall / (precision + recall), 3),
    }


def cluster(questions: Sequence[tuple[str, str]], most: int) -> dict[str, float]:
    """Cluster texts one by one, as the learner does, in memory only."""
    clusters, pairs, made = Clusters(most), [], 0
    started = time.process_time()
    for text, truth in questions:
        shape = clusters.shape(text)
        if shape is None:
            continue
        found = clusters.find(shape)
        made += found is None
        place = made if found is None else found[0]
        clusters.add(place, [shape])
        pairs.append((truth, place))
    seconds = time.process_time() - started
    return judged(pairs) | {"a_second": round(len(pairs) / seconds), "held": len(clusters)}


def fill(database: Database, texts: Sequence[tuple[str, str]], start_id: int, rng: random.Random) -> int:
    """Interactions as the road would have written them: questions unanswered or heard unsurely, between chatter."""
    rows = []
    for at, (text, _) in enumerate(texts):
        is_asked = rng.random() < 0.5
        rows.append(row(start_id + 2 * at, text, "unanswered" if is_asked else "silent", "unsure: faq:x", rng))
        rows.append(row(start_id + 2 * at + 1, rng.choice(CHATTER), "none", None, rng))
    with database.write() as session:
        inbox.insert_all(session, rows)
    return len(rows)


def row(row_id: int, text: str, outcome: str, reason: str | None, rng: random.Random) -> dict[str, Any]:
    member, group = f"web:m{rng.randrange(400)}", f"web:g{rng.randrange(12)}"
    at = START + timedelta(seconds=row_id * 7)
    return {
        "id": row_id, "key": f"k{row_id}", "kind": "MessageReceived", "lane": group, "channel": "web", "conversation": group,
        "group_id": group, "member_id": member, "member_name": member, "text": text, "detail": None, "occurred_at": at,
        "received_at": at, "state": "done", "tries": 0, "next_try_at": None, "error": None,
        "heard_by": "faq" if reason else None, "outcome": outcome, "reason": reason, "confidence": 0.2, "latency_ms": 3,
        "cause_id": None,
    }  # fmt: skip


def resident_mb() -> float:
    """Memory this process holds now (Linux)."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096 / 2**20


def read_log(folder: Path, texts: Sequence[tuple[str, str]], more: Sequence[tuple[str, str]]) -> dict[str, float]:
    """The whole loop on SQLite: a first reading of everything, then one of what came since."""
    rng = random.Random(5)
    database = Database(f"sqlite:///{folder / 'learning.db'}")
    migrate.upgrade(database)
    load_demo_shop(database)
    shelf = Shelf(database, Knowledge())
    shelf.refresh()
    heard = fill(database, texts, 1, rng)
    learner = Learner(database, shelf.knowledge)
    before = resident_mb()
    wall, cpu = time.perf_counter(), time.process_time()
    read = learner.read_on(START + timedelta(days=20))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    after = resident_mb()
    fill(database, more, heard + 1, rng)
    again = time.perf_counter()
    read_again = learner.read_on(START + timedelta(days=20))
    again = time.perf_counter() - again
    loading = time.perf_counter()
    Learner(database, shelf.knowledge).read_on(START + timedelta(days=20))
    loading = time.perf_counter() - loading
    with database.read() as session:
        kept = sum(proposals.count(session).values())
    database.close()
    return {
        "interactions": read, "questions": len(texts), "proposals": kept, "seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1), "interactions_a_cpu_second": round(read / cpu),
        "mb_added": round(after - before, 1), "new_rows": read_again, "new_rows_seconds": round(again, 2),
        "loading_seconds": round(loading, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--questions", type=int, default=20_000)
    wanted = parser.parse_args()
    rng = random.Random(7)
    known = real()
    rng.shuffle(known)
    made = synthetic(rng, wanted.questions)
    mixed = [*made[: wanted.questions - len(known)], *known]
    rng.shuffle(mixed)
    with tempfile.TemporaryDirectory() as folder:
        log = read_log(Path(folder), mixed, made[:200])  # first, so that the memory it adds can be seen
    figures: dict[str, dict[str, float]] = {"synthetic": cluster(made, 5_000)}
    if known:
        figures["real wordings"] = cluster(known, 5_000)
        figures["mixed"] = cluster(mixed, 5_000)
        figures["mixed, 300 held"] = cluster(mixed, 300)
    print("| | " + " | ".join(figures["synthetic"]) + " |")
    print("|---" * (len(figures["synthetic"]) + 1) + "|")
    for name, values in figures.items():
        print(f"| {name} | " + " | ".join(f"{value:,}" for value in values.values()) + " |")
    print("\n| reading the log (SQLite) | |\n|---|---|")
    for name, value in log.items():
        print(f"| {name.replace('_', ' ')} | {value:,} |")
    if wanted.json:
        wanted.json.write_text(json.dumps({"clusters": figures, "log": log}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
