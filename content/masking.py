"""Takes personal data out of a text before it leaves the house: numbers, addresses, accounts and names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_DIGITS = "0-9〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖"
_GAP = r"[\s\-._·/()]{0,2}"
_NAMED = r"[一-鿿]{2,4}?|[A-Za-z]{2,20}"
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜谢邹喻苏潘葛范彭郎鲁韦马苗方俞任袁柳史唐费薛雷贺倪汤罗郝安常傅齐康"
    "伍余顾孟黄萧尹姚邵汪毛狄贝戴宋庞熊纪舒屈项祝董梁杜阮蓝季贾江童颜郭梅林钟徐邱骆高夏蔡田胡凌霍万柯卢莫房丁邓洪包左石崔吉龚程邢裴陆翁"
    "段侯宁甘厉刘龙叶黎白蒲卓池乔温柴阎习艾古易廖耿欧曾关"
)

# In this order: what holds other things goes first.
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("[链接]", re.compile(r"(?:https?://|www\.)[^\s，。；、一-鿿]+", re.IGNORECASE)),
    ("[邮箱]", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)),
    ("[提到的人]", re.compile(r"@\S{1,40}")),
    ("[账号]", re.compile(r"(?:微信号?|vx|v信|wx|wechat|weixin|qq号?|抖音号?|支付宝)\s*(?:号?是|号|[:：=])?\s*[a-z0-9_-]{5,30}", re.IGNORECASE)),
    ("[号码]", re.compile(rf"(?<![{_DIGITS}])[{_DIGITS}]{{3,}}(?:{_GAP}[{_DIGITS}]){{4,}}[xX]?|[{_DIGITS}](?:{_GAP}[{_DIGITS}]){{6,}}[xX]?")),
    ("[号码]", re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]{2,}_[A-Za-z0-9]{4,}|(?=[A-Z]*\d{4})[A-Z0-9]{8,})(?![A-Za-z0-9])")),
    ("[地址]", re.compile(r"(?<!\d)\d{1,3}-\d{1,3}-\d{2,4}(?!\d)")),
    ("[地址]", re.compile(
        r"(?:[一-鿿]{2,8}(?:省|自治区|市))?(?:[一-鿿]{2,8}(?:市|区|县|镇|乡))?"
        r"[一-鿿]{1,10}(?:路|街|大道|巷|弄|胡同|小区|花园|公寓|苑|村|大厦)[\s,，]*"
        r"[0-9一二三四五六七八九十百A-Za-z]{1,6}\s*(?:号院|号楼|弄|号|栋|幢|座|期|单元|楼|层|室|户)"
        r"(?:[\s,，\-]*[0-9一二三四五六七八九十百A-Za-z]{1,6}\s*(?:号楼|号|栋|幢|座|单元|楼|层|室|户)?)*"
    )),
    ("[地址]", re.compile(
        r"[0-9一二三四五六七八九十百A-Za-z]{1,4}\s*(?:号楼|栋|幢|座|单元)[\s,，\-]*"
        r"(?:[0-9一二三四五六七八九十百A-Za-z]{1,5}\s*(?:号楼|单元|楼|层|室|户)?[\s,，\-]*){0,3}"
    )),
    ("[地址]", re.compile(r"(?:住在?|地址(?:是|[:：])|送到|寄到|家在)\s*[一-鿿0-9A-Za-z\-]{0,20}?[0-9一二三四五六七八九十百]{1,5}(?:号|室|户|楼)")),
    ("[姓名]", re.compile(
        r"(?:(?<=我叫)|(?<=我是)|(?<=姓名)|(?<=名字是)|(?<=名字叫)|(?<=收件人)|(?<=收货人)|(?<=联系人)|(?<=我姓))"
        rf"[是:：\s]*(?:{_NAMED})(?=[，,。.；;！!\s的家]|$)"
    )),
    ("[姓名]", re.compile(rf"[{_SURNAMES}][一-鿿]{{0,2}}?(?:先生|女士|小姐|太太|阿姨|叔叔|大爷|大妈|奶奶|爷爷|大姐|大哥|师傅|老师|总)")),
    ("[姓名]", re.compile(r"\b(?:my name is|i am called|this is)\s+[A-Z][a-z]+(?:\s[A-Z][a-z]+)?", re.IGNORECASE)),
)
SHORTEST_NAME = 2


def masked(text: str, names: Iterable[str] = ()) -> str:
    """The text with personal data replaced by what it was; `names` are people's, replaced wherever they stand."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cf", "Mn", "Me") or sign == "\n")
    for words, pattern in _RULES[:3]:
        text = pattern.sub(words, text)
    for name in sorted({unicodedata.normalize("NFKC", name).strip() for name in names}, key=len, reverse=True):
        if len(name) >= SHORTEST_NAME:
            text = re.sub(re.escape(name), "[姓名]", text, flags=re.IGNORECASE)
    for words, pattern in _RULES[3:]:
        text = pattern.sub(words, text)
    return text
