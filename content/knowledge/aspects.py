"""Understands which fact of a product is asked for: its price, its stock, a variant, one of its attributes."""

from __future__ import annotations

import re
from dataclasses import dataclass

# on normalised text without signs and padding
_PRICE = re.compile(
    "多少钱(?:一?[斤箱个份盒包瓶罐袋件把条只桶板套床双])?|几块钱?|几元|几钱|[什啥]么?价[格钱位]?|价[格钱位]|售价|单价|报价|多少(?:元|块|米|一[斤箱个份盒包瓶罐袋件])|[怎咋]么?卖|如何卖|"
    "卖多少|贵不贵|(?:贵|便宜)[吗么不没]|便宜点|how much|price|cost"
)
_STOCK = re.compile(
    "还?有现?货|现货|库存|缺货|断货|没货|补货|返场|卖[完光没]了?|售罄|抢完|还有(?:没有?|[吗么不])|有没有?(?:货|卖)?|还?有[吗么]|有得?卖|"
    "还卖|在卖|在售|上架|[买订]得到|还能[买订下]|(?:^|现在|今天|还)有(?=.+[吗么不没]$)|in stock|available"
)
_SURELY_STOCK = re.compile("有没有?现?货|还?有货|现货|库存|缺货|断货|没货|补货|返场|售罄|抢完|卖[完光]")
_ABOUT = re.compile("怎么样|怎样|咋样|如何$|好不好|好用|好吃|推荐|介绍|了解|详情|特点|卖点|什么样")
_VARIANTS = ("规格", "颜色", "尺寸", "口味", "尺码", "重量", "净重", "内含")
# what people say for an attribute, and the parts its name may have, best first
_ATTRIBUTES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(said), tuple(names.split()))
    for said, names in (
        (
            "产地|是[哪那][里儿]?$|[哪那][里儿]?(?:个?地方)?(?:生?产|来)?的$|[哪那][里儿]?(?:生?产|来)的?|产自|"
            "是(?:不是)?(?:进口|国产)|国产还是|什么地方(?:生?产|来)",
            "产地 原产 产自",
        ),
        ("保质期|[放存留]得?(?:几天|多久|多长)|能放|过期|有效期|新鲜期|赏味", "保质期 有效期"),
        ("生产日期|日期新|什么时候生产|哪天生产", "生产日期 日期"),
        ("什么(?:材质|材料|面料|料子|布料|做)|材质|面料|材料|料子|布料|是[不]?是?(?:纯棉|真丝|不锈钢)", "材质 面料 材料"),
        ("配料|成分|含什么|有什么成分|里面有什么|添加剂?|含糖", "配料 成分 材质"),
        ("什么口味|几种口味|[甜酸]不[甜酸]|[甜酸][吗么]|口感|口味|味道", "口感 口味 甜度 风味"),
        ("比例|几比几|肥瘦", "肥瘦 比例 规格"),
        ("辣不辣|[多有]辣|辣[吗么]|辣度", "辣度"),
        ("多厚|厚度|厚不厚|厚[吗么]", "厚度"),
        ("容量|多少(?:毫升|升)|几升|装多少|能装|容积", "容量 规格"),
        ("直径|口径", "直径 口径 尺寸"),
        ("多长|长度|几米", "长度 线长 尺寸"),
        ("多宽|宽度|多高|高度|尺寸|大小|多大(?=的?$|尺寸|呢|啊)|几乘几", "尺寸 大小 直径 规格"),
        ("尺码|码数|穿多大|[选买穿]什么码|几码", "尺码 尺寸"),
        (
            "月龄|几个月大?的?(?:宝宝|孩子|小孩|娃)?(?:可以|能)?[吃喝用穿玩]?|多大.{0,4}(?:宝宝|孩子|小孩|娃)|"
            "(?:宝宝|孩子|小孩|娃).{0,4}多大|几岁|年龄|适合|适用|几段",
            "月龄 年龄 适用 段",
        ),
        ("多重|重量|净重|几斤|多少斤|多少克|几克|斤两|几两|一共多少|多少[个枚只包片抽张]|几[个枚只包片瓶袋盒]装?", "净重 重量 克重 规格"),
        ("承重|能装多重|结实", "承重"),
        ("(?:有)?(?:[几哪什]么?[种些]?)?规格|几种装|包装", "规格 包装"),
        ("颜色|什么色|几个色|花色", "颜色"),
        ("过敏", "过敏"),
        ("保存|储存|存放|(?:[要放能]|需要|可以|怎么)(?:冷藏|冷冻|常温)|放冰箱|怎么放(?=$|[啊呀呢])", "储存 保存 存放"),
        ("机洗|(?:能|可|可以|怎么|如何|要不要)(?:手|水)?洗|洗涤|缩水", "洗涤 清洗 清洁 保养"),
        ("清洗|清洁|打理", "清洗 清洁 洗涤 保养"),
        ("保修|质保|包修|三包", "质保 保修"),
        ("上市|什么时候[上有]|[哪几]月[上有]|当季", "上市"),
        ("检疫|检验|检测", "检疫 检测"),
        ("工艺|怎么做的|压榨", "工艺"),
        ("执行标准|国标|标准号", "标准"),
        ("等级|几级|级别", "等级"),
        ("功率|多少瓦|几瓦|电压", "功率 额定"),
        ("打蜡|上蜡|催熟", "表面 到货 说明"),
        ("[生熟]的?[吗么]$|熟了[吗没]|熟没熟", "到货 熟"),
        ("保温(?:多久|几|效果)", "保温"),
        ("用量|[用放]多少", "用量"),
        ("填充", "填充"),
        ("蛋白质?|热量|含糖量|脂肪", "蛋白 热量 营养 糖"),
        ("品牌|什么牌子?|哪个牌子", "品牌"),
    )
)


@dataclass(frozen=True, slots=True)
class Asked:
    """`aspect` is price, stock, spec, about or None; `names` the parts the asked attribute's name may have, and
    `rest` what remains when the words that ask are taken out."""

    aspect: str | None
    names: tuple[str, ...]
    rest: str


def asked(text: str) -> Asked:
    """What a question asks for; `text` is normalised, without signs and padding."""
    rest, found = _PRICE.subn(" ", text)
    if found:
        return Asked("price", (), rest)
    if _SURELY_STOCK.search(text):
        return Asked("stock", (), _STOCK.sub(" ", _SURELY_STOCK.sub(" ", text)))
    for pattern, names in _ATTRIBUTES:
        rest, found = pattern.subn(" ", text)
        if found:
            aspect = "spec" if any(name in _VARIANTS for name in names) else None
            return Asked(aspect, names, _STOCK.sub(" ", rest))
    for aspect, pattern in (("stock", _STOCK), ("about", _ABOUT)):
        rest, found = pattern.subn(" ", text)
        if found:
            return Asked(aspect, (), rest)
    return Asked(None, (), text)
