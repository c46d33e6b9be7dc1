"""What columns may be called, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Names = Mapping[str, str]

ATTRIBUTE_PREFIXES = ("属性:", "属性：", "attribute:", "attr:")


def _names(**fields: str) -> Names:
    known = {name: name for name in fields}
    known.update({word: name for name, listed in fields.items() for word in listed.split()})
    return MappingProxyType(known)


PRODUCT = _names(
    id="编号 商品编号 商品id 货号 product_id code",
    name="名称 商品名称 商品名 品名 标题 title product",
    category="分类 类目 品类 categories",
    brief="简介 描述 说明 卖点 description",
    unit="单位",
    aliases="别名 别称 alias 又名",
    price="价格 售价 单价 价格(元) 价格（元） 售价(元) price_yuan",
    price_fen="价格(分) 价格（分）",
    list_price="原价 划线价 市场价 list_price_yuan",
    list_price_fen="原价(分)",
    on_sale="上架 在售 状态 is_on_sale status",
    attributes="属性 参数 attrs",
    skus="",
    sku_id="规格编号 sku sku编号",
    specs="规格 规格名称 spec variant",
    stock="库存 数量 存货 quantity",
)
FAQ = _names(
    id="编号 code",
    question="问题 标准问题 标准问 title",
    answer="答案 回答 回复 content",
    phrasings="问法 其他问法 相似问题 相似问 aliases similar",
    category="分类 类别 类目 kb",
    is_enabled="启用 状态 enabled status",
)
MEMBER = _names(
    id="编号 成员编号 成员id member_id",
    name="名称 昵称 姓名 称呼 nickname",
    channel="渠道",
    group="群 群聊 群编号 所在群 group_id",
    note="备注 说明 remark",
)
PLAN = _names(
    id="编号 计划编号 plan_id",
    name="计划 计划名称 名称 plan",
    state="状态",
    when="时间 发送时间 什么时候",
    when_kind="时间类型",
    offset_minutes="提前分钟 相隔分钟",
    at_time="几点",
    time_zone="时区",
    groups="群 发到 群聊 group audience",
    min_members="最少人数",
    max_members="最多人数",
    active_days="活跃天数",
    quiet_days="无广告天数",
    addressee="发给",
    starts_on="开始日期",
    ends_on="结束日期",
    skipped_days="跳过日期",
    skips_holidays="跳过休息日",
    late_policy="迟到处理",
    late_minutes="迟到分钟",
    post_id="内容编号",
    title="标题 内容标题",
    kind="类型 内容类型",
    text="内容 文字 正文 words",
    parts="内容段",
    tags="标签",
    product="商品 商品编号",
)


def known_as(header: str, names: Names) -> str:
    """The field a column is, `attribute:…` for an attribute's own column, or the header when unknown."""
    plain = header.strip().lower().lstrip("\ufeff")
    for prefix in ATTRIBUTE_PREFIXES:
        if plain.startswith(prefix):
            return f"attribute:{header.strip()[len(prefix) :].strip()}"
    return names.get(plain, names.get(plain.replace(" ", "_"), plain))
