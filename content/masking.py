"""Takes personal data out of what members wrote, before it leaves the house, is shown, or is kept as a phrasing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

LONGEST, SHORTEST_NAME = 200, 2  # characters kept of a text on one line; of a name that is looked for
PHONE, ID_NUMBER, NUMBER, MAIL, ACCOUNT, ADDRESS, NAME, LINK, MENTIONED = (
    "〔电话〕", "〔证件号〕", "〔号码〕", "〔邮箱〕", "〔账号〕", "〔地址〕", "〔姓名〕", "〔链接〕", "〔提到的人〕",
)

_MENTION = re.compile(r"@\S{1,40}")
_LINK = re.compile(r"(?:https?://|www\.)[^\s，。；、一-鿿]+", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]{1,60}@[\w-]{1,60}(?:\.[\w-]{1,20}){1,3}", re.ASCII)
_DIGITS = "0-9〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖"
_GAP = r"[\s\-–—·._/()]{0,2}"
_ID_NUMBER = re.compile(r"(?<!\d)\d{6}" + _GAP + r"(?:18|19|20)\d{2}" + _GAP + r"\d{4}" + _GAP + r"\d{3}[\dxX](?!\d)")
_MOBILE = re.compile(r"(?<!\d)(?:\+?86" + _GAP + r")?1" + _GAP + r"[3-9](?:" + _GAP + r"\d){9}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(?:\(?0\d{2,3}\)?" + _GAP + r")\d{7,8}(?!\d)|(?<!\d)[48]00" + _GAP + r"\d{3}" + _GAP + r"\d{4}(?!\d)")
_SPOKEN = re.compile(r"[一幺](?:\s?[零〇一幺二三四五六七八九两\d]){10}")
# Bank cards, order and parcel numbers: seven digits or more, and letters with at least four digits among them.
_NUMBER = re.compile(rf"(?<![{_DIGITS}])[{_DIGITS}]{{3,}}(?:{_GAP}[{_DIGITS}]){{4,}}[xX]?|[{_DIGITS}](?:{_GAP}[{_DIGITS}]){{6,}}[xX]?")
_CODE = re.compile(
    r"(?<![a-z0-9])(?:[a-z]{2,}_[a-z0-9]{4,}|(?=[a-z0-9]*\d{4})(?=[a-z0-9]*[a-z])[a-z0-9]{8,})(?![a-z0-9])", re.IGNORECASE
)
_ACCOUNT = re.compile(
    r"((?:微信|v信|wx|vx|wechat|weixin|qq|支付宝|抖音)(?:号|账号|号码)?\s*(?:是|为|[:=])?\s*)[a-z0-9_][\w-]{4,30}",
    re.IGNORECASE | re.ASCII,
)

_BLOCK = r"(?:[一二三四五六七八九十百\da-zA-Z]{1,5}\s*[-#]?\s*)"
_ROAD = r"[\u4e00-\u9fff]{1,8}?(?:大道|路|街|巷|弄|胡同)\s*\d{1,5}\s*(?:号|弄)"
_HOME = rf"{_BLOCK}(?:号楼|栋|幢|单元|号院|座|期|楼|层|室|号房)"
_ADDRESS = re.compile(
    # a road with its number, perhaps with the town before it and the flat after it
    rf"(?:[\u4e00-\u9fff]{{2,8}}(?:省|市|区|县|镇|乡|街道)){{0,3}}{_ROAD}(?:[\u4e00-\u9fffA-Za-z]{{0,10}}?{_HOME}|\d{{1,5}}室?)*"
    # a compound with a flat, or two parts of a flat's number
    rf"|[\u4e00-\u9fff]{{2,8}}(?:小区|花园|家园|公寓|苑|府|新村|广场|大厦)\s*(?:{_HOME}|\d{{1,4}}(?:[-#]\d{{1,5}})+)+(?:\d{{1,5}})?"
    rf"|{_BLOCK}(?:号楼|栋|幢|座)\s*(?:{_BLOCK}(?:单元|楼|层|室)?\s*)?\d{{2,5}}(?:室|号房)?"
    rf"|(?<!\d)\d{{1,3}}[-#]\d{{1,3}}[-#]\d{{3,4}}(?!\d)|{_BLOCK}单元\s*\d{{2,5}}(?:室)?"
)
_HOME_ALONE = re.compile(
    r"(?:[一-鿿]{2,8}(?:省|自治区|市))?(?:[一-鿿]{2,8}(?:市|区|县|镇|乡))?"
    r"[一-鿿]{1,10}(?:路|街|大道|巷|弄|胡同|小区|花园|公寓|苑|村|大厦)[\s,]*"
    r"[0-9一二三四五六七八九十百A-Za-z]{1,6}\s*(?:号院|号楼|弄|号|栋|幢|座|期|单元|楼|层|室|户)"
    r"(?:[\s,\-]*[0-9一二三四五六七八九十百A-Za-z]{1,6}\s*(?:号楼|号|栋|幢|座|单元|楼|层|室|户)?)*"
    r"|[0-9一二三四五六七八九十百A-Za-z]{1,4}\s*(?:号楼|栋|幢|座|单元)[\s,\-]*"
    r"(?:[0-9一二三四五六七八九十百A-Za-z]{1,5}\s*(?:号楼|单元|楼|层|室|户)?[\s,\-]*){0,3}"
    r"|(?<!\d)\d{1,3}-\d{1,3}-\d{2,4}(?!\d)"
    r"|(?:住在?|地址(?:是|:)|送到|寄到|家在)\s*[一-鿿0-9A-Za-z\-]{0,20}?[0-9一二三四五六七八九十百]{1,5}(?:号|室|户|楼)"
)

_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛奚范彭郎鲁韦昌马苗凤方俞任袁柳唐罗薛雷贺倪汤滕殷毕郝邬安常"
    "傅卞齐康伍余顾孟黄和穆萧尹姚邵汪祁毛狄臧戴宋庞熊纪舒屈项祝董梁杜阮蓝闵席季麻贾路娄江童颜郭梅盛林钟徐邱骆高夏蔡田樊胡凌霍虞万柯管卢莫房解应宗丁宣邓"
    "郁单洪包左石崔吉龚程邢裴陆荣翁荀羊甄曲封储靳段富巫焦牧谷侯全班仰秋仲宫宁仇栾甘厉戎祖武符刘景詹束龙叶幸司黎薄印白蒲从鄂索赖卓屠蒙池乔阴胥苍闻"
    "翟谭劳姬申扶堵冉宰郦雍桑桂濮牛寿边扈燕冀尚农温别庄晏柴瞿阎连习艾容向古易慎戈廖庾终居衡步都耿满弘匡文寇广禄阙东欧利蔚越隆师巩聂晁勾敖融冷訾辛阚"
    "那简饶曾沙养鞠须丰巢关相查游竺权盖益公岳帅缑亢况有琴"
)
_DOUBLE_SURNAMES = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|令狐|慕容|司徒|夏侯"
_TITLES = "先生|女士|小姐|太太|阿姨|叔叔|大爷|大妈|奶奶|爷爷|大姐|大哥|师傅|老师|医生"
# words that begin like a name and are none: «我是高血压», «我是和朋友一起»
_NO_NAME = re.compile(
    "高血|高中|高龄|高一|高二|高三|安全|安心|方便|方案|常客|常来|和[我你他她大朋家同]|全家|全部|都是|从|有|"
    "别|向|相|公司|农村|单独|单位|居民|容易|白[色天]|都|那[个天种]|文|满|万一|关于|东西|连|温|越|易|"
    "江[苏西]|广[东州西]|宁波|石家|武汉|成都|路过|游客|应该|解|须|夏天|秋|查[一]?下|管理|师|冷|蓝|金|"
    "常|马上|华|申请|利|富|冷冻|程序|任何|施工|时|施|毛|田|苗|牛|羊|羊肉|龙虾|梅|桂|麻|包|古|盛|白菜|"
    "黄[色瓜]|石榴"
)
_GIVEN = r"[\u4e00-\u9fff]{1,2}"
_NAME = re.compile(
    rf"((?:我是|我叫|我名字?叫?|名字(?:是|叫)|姓名(?:是|叫)?|收[货件]人(?:是|叫)?|联系人(?:是)?|本人|叫我|(?<![能会要么])叫)\s*[::]?\s*)"
    rf"((?:小|老|阿)[{_SURNAMES}](?![\u4e00-\u9fff])"
    rf"|(?:{_DOUBLE_SURNAMES}|[{_SURNAMES}])(?:{_TITLES}|{_GIVEN}(?:{_TITLES})?))"
    r"(?=$|[^\u4e00-\u9fff]|的?(?:电话|手机|号码|地址|住|订单|快递|家|妈妈|爸爸|老公|老婆|朋友|邻居|在|要|想|买|取|来|问|帮|收|请)|,|。)"
)
# Who says what they are called may be called anything; «我叫外卖» says something else.
_CALLED = re.compile(
    r"((?:我叫|姓名|名字是|名字叫|收件人|收货人|联系人|我姓)[是:\s]*)"
    r"([一-鿿]{2,4}?|[A-Za-z]{2,20})(?=[,.;!。、\s的家]|$)"
)
_NO_CALL = re.compile("外卖|快递|跑腿|客服|人工|车|什么|啥|谁|不|了|是|电话|地址|怎么|可以|能")
_TITLED = re.compile(rf"[{_SURNAMES}][一-鿿]{{0,2}}?(?:{_TITLES}|总(?![是共价计量体会有要额部分结]))")
_ENGLISH = re.compile(r"\b((?i:my name is|i am called|this is))\s+[A-Z][a-z]+(?:\s[A-Z][a-z]+)?")

Replacement = str | Callable[[re.Match[str]], str]


def _named(found: re.Match[str]) -> str:
    return found[0] if _NO_NAME.match(found[2]) else found[1] + NAME


def _titled(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith("有") or _NO_NAME.match(found[0]) else NAME


def _called(found: re.Match[str]) -> str:
    return found[0] if _NO_CALL.match(found[2]) else found[1] + NAME


# In this order: what holds other things goes first.
_FIRST: tuple[tuple[re.Pattern[str], Replacement], ...] = ((_LINK, LINK), (_MAIL, MAIL), (_MENTION, MENTIONED))
_RULES: tuple[tuple[re.Pattern[str], Replacement], ...] = (
    (_ID_NUMBER, ID_NUMBER),
    (_ACCOUNT, lambda found: found[1] + ACCOUNT),
    (_MOBILE, PHONE),
    (_LANDLINE, PHONE),
    (_SPOKEN, PHONE),
    (_ADDRESS, ADDRESS),
    (_NUMBER, NUMBER),
    (_CODE, NUMBER),
    (_HOME_ALONE, ADDRESS),
    (_NAME, _named),
    (_CALLED, _called),
    (_TITLED, _titled),
    (_ENGLISH, lambda found: f"{found[1]} {NAME}"),
)


def masked(text: str, names: Iterable[str] = ()) -> str:
    """The text with phones, numbers, mails, accounts, addresses, names and mentions replaced by what they were;
    `names` are people's, replaced wherever they stand."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cf", "Mn", "Me") or sign == "\n")
    for pattern, words in _FIRST:
        text = pattern.sub(words, text)
    for name in sorted({unicodedata.normalize("NFKC", name).strip() for name in names}, key=len, reverse=True):
        if len(name) >= SHORTEST_NAME:
            text = re.sub(re.escape(name), NAME, text, flags=re.IGNORECASE)
    for pattern, words in _RULES:
        text = pattern.sub(words, text)
    return text


def on_one_line(text: str) -> str:
    """The masked text on one line, at most 200 characters. Mentions go: they are no part of what is asked."""
    shown = masked(text[: LONGEST * 4].replace("\0", " ")).replace(MENTIONED, " ")
    return " ".join(shown.split())[:LONGEST]
