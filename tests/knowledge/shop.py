"""A small shop to ask: what the retriever's tests know."""

from __future__ import annotations

from content.knowledge import Candidate, Knowledge, Passage

REFUND = Passage(
    "faq:refund", "faq", "退款多久到账？", ("钱什么时候退回来", "退款几天能收到"), "一般三个工作日内原路退回。"
)
DELIVERY = Passage("faq:delivery", "faq", "可以送货上门吗？", ("能送到家里吗", "送不送上楼"), "满49元送货上门。")
INVOICE = Passage("faq:invoice", "faq", "怎么开发票？", ("可以开票吗", "发票在哪里申请"), "在订单页申请。")
COUPON = Passage("faq:coupon", "faq", "优惠券怎么用？", ("券为什么用不了",), "付款时选择。")
STRAWBERRY = Passage(
    "product:1", "product", "云南高山奶油草莓 3斤装", answer="早上摘的果",
    names=("草莓", "奶油草莓", "3斤装 大果", "1斤尝鲜盒"),
    attributes=(("产地", "云南会泽"), ("保质期", "冷藏2到3天"), ("口感", "偏甜微酸")), category="水果 莓果",
)  # fmt: skip
QUILT = Passage(
    "product:2", "product", "秋冬保暖加厚澳洲羊毛被", answer="进口羊毛",
    names=("羊毛被",), attributes=(("面料", "100%棉"), ("尺寸", "200*230cm")), category="居家 被枕",
)  # fmt: skip
MILK_POWDER = Passage(
    "product:3", "product", "幼儿配方奶粉 3段 800克", names=("奶粉", "三段奶粉", "800克单罐"),
    attributes=(("适用月龄", "12到36个月"), ("产地", "黑龙江")), category="母婴 奶粉",
)  # fmt: skip
EVERYTHING = (REFUND, DELIVERY, INVOICE, COUPON, STRAWBERRY, QUILT, MILK_POWDER)


def shop(*more: Passage) -> Knowledge:
    return Knowledge((*EVERYTHING, *more))


def first(knowledge: Knowledge, text: str) -> Candidate | None:
    found = knowledge.search(text, limit=1)
    return found[0] if found else None
