"""What members say in the benchmarks: chatter written by us, and questions the demo shop answers."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import yaml

from storage import faq, products
from storage.database import Database

DEMO = Path(__file__).resolve().parent.parent / "content" / "demo"

CHATTER = (
    "早上好大家", "哈哈哈哈", "今天好冷啊", "我家娃昨天又发烧了", "收到", "好的谢谢", "晚上一起去跳舞", "楼下修路呢，绕一下",
    "昨天那个电影真好看", "孩子作业写到十点", "周末去爬山的有吗", "我刚下班，累死了", "这个天气适合吃火锅", "哈哈笑死我了",
    "刚看到消息", "明天降温多穿点", "电梯又坏了", "物业说下午来修", "今天菜场人真多", "我先去接孩子了", "晚安", "辛苦辛苦",
    "那我明天再看看", "你家狗好可爱", "谁家的快递放错了，在门口", "不错不错", "支持一下", "上次的真甜", "群里好热闹",
    "我妈说好吃", "已经拿到了，谢谢", "+1", "好", "嗯嗯", "哇", "[微笑]", "@李姐 明天一起走", "老公出差了，一个人带俩娃",
    "今天学校开运动会", "路上堵死了", "刚到家", "下雨了记得收衣服", "我们小区终于装充电桩了", "牛", "可以可以", "真的假的",
    "我也是这么想的", "这周都没时间", "等下去超市", "太贵了吧哈哈", "2号楼停水了", "有人在家吗帮我收一下快递", "OK",
)


def questions() -> list[str]:
    """Phrasings of the demo shop's FAQ, and prices and stock of its products."""
    entries = yaml.load((DEMO / "faq.yaml").read_text("utf-8"), yaml.CSafeLoader)
    goods = yaml.load((DEMO / "products.yaml").read_text("utf-8"), yaml.CSafeLoader)
    asked = [entry["question"] for entry in entries] + [entry["phrasings"][0] for entry in entries]
    asked += [f"{product['name']}多少钱" for product in goods] + [f"{product['aliases'][0]}还有货吗" for product in goods]
    return asked


def as_written(question: str, dice: random.Random) -> str:
    """A question as a neighbour types it: in half of the cases with words before or after, or one sign less."""
    kind = dice.randrange(8)
    if kind == 0:
        return f"请问{question}"
    if kind == 1:
        return question.rstrip("?？") + "呀"
    if kind == 2:
        return f"问一下，{question}谢谢"
    if kind == 3:
        return question.replace("吗", "嘛", 1) if "吗" in question else question.replace("怎么", "咋", 1)
    return question


def load_demo_shop(database: Database) -> None:
    """The demo shop's products and FAQ, in the database."""
    now = datetime.now(UTC)
    with database.write() as session:
        for entry in yaml.load((DEMO / "faq.yaml").read_text("utf-8"), yaml.CSafeLoader):
            faq.save(session, entry | {"is_enabled": True}, now)
        for product in yaml.load((DEMO / "products.yaml").read_text("utf-8"), yaml.CSafeLoader):
            values = product | {"is_on_sale": product["on_sale"]}
            products.save(session, values, product["skus"], now)
