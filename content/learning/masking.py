"""Takes personal data out of what members wrote, before it is shown or kept as a phrasing."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200  # characters kept of a text
PHONE, ID_NUMBER, NUMBER, MAIL, ACCOUNT, ADDRESS, NAME, LINK = (
    "〔电话〕", "〔证件号〕", "〔号码〕", "〔邮箱〕", "〔账号〕", "〔地址〕", "〔姓名〕", "〔链接〕",
)

_MENTION = re.compile(r"@\S{1,40}\s*")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]{1,60}@[\w-]{1,60}(?:\.[\w-]{1,20}){1,3}", re.ASCII)
_GAP = r"[\s\-–—·.]{0,2}"
_ID_NUMBER = re.compile(r"(?<!\d)\d{6}" + _GAP + r"(?:18|19|20)\d{2}" + _GAP + r"\d{4}" + _GAP + r"\d{3}[\dxX](?!\d)")
_MOBILE = re.compile(r"(?<!\d)(?:\+?86" + _GAP + r")?1" + _GAP + r"[3-9](?:" + _GAP + r"\d){9}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(?:\(?0\d{2,3}\)?" + _GAP + r")\d{7,8}(?!\d)|(?<!\d)[48]00" + _GAP + r"\d{3}" + _GAP + r"\d{4}(?!\d)")
_SPOKEN = re.compile(r"[一幺](?:\s?[零〇一幺二三四五六七八九两\d]){10}")
_NUMBER = re.compile(r"(?<![\d.])\d(?:[\s-]?\d){6,}(?![\d.]?\d)")
_CODE = re.compile(r"(?<![a-z0-9])(?=[a-z0-9]*\d{4})(?=[a-z0-9]*[a-z])[a-z0-9]{8,}(?![a-z0-9])", re.IGNORECASE)
_ACCOUNT = re.compile(r"((?:微信|wx|vx|qq|支付宝|抖音)(?:号|账号|号码)?(?:是|为|[::])?\s*)[a-z0-9][\w-]{4,}", re.IGNORECASE | re.ASCII)

_BLOCK = r"(?:[一二三四五六七八九十百\da-zA-Z]{1,5}\s*[-#]?\s*)"
_ROAD = r"[\u4e00-\u9fff]{1,8}?(?:大道|路|街|巷|弄|胡同)\s*\d{1,5}\s*(?:号|弄)"
_HOME = rf"{_BLOCK}(?:号楼|栋|幢|单元|号院|座|期|楼|层|室|号房)"
_ADDRESS = re.compile(
    # a road with its number, perhaps with the town before it and the flat after it
    rf"(?:[\u4e00-\u9fff]{{2,8}}(?:省|市|区|县|镇|乡|街道))*{_ROAD}(?:[\u4e00-\u9fffA-Za-z]{{0,10}}?{_HOME}|\d{{1,5}}室?)*"
    # a compound with a flat, or two parts of a flat's number
    rf"|[\u4e00-\u9fff]{{2,8}}(?:小区|花园|家园|公寓|苑|府|新村|广场|大厦)\s*(?:{_HOME}|\d{{1,4}}(?:[-#]\d{{1,5}})+)+(?:\d{{1,5}})?"
    rf"|{_BLOCK}(?:号楼|栋|幢|座)\s*(?:{_BLOCK}(?:单元|楼|层|室)?\s*)?\d{{2,5}}(?:室|号房)?"
    rf"|(?<!\d)\d{{1,3}}[-#]\d{{1,3}}[-#]\d{{3,4}}(?!\d)|{_BLOCK}单元\s*\d{{2,5}}(?:室)?"
)

_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛奚范彭郎鲁韦昌马苗凤方俞任袁柳唐罗薛雷贺倪汤滕殷毕郝邬安常"
    "傅卞齐康伍余顾孟黄和穆萧尹姚邵汪祁毛狄臧戴宋庞熊纪舒屈项祝董梁杜阮蓝闵席季麻贾路娄江童颜郭梅盛林钟徐邱骆高夏蔡田樊胡凌霍虞万柯管卢莫房解应宗丁宣邓"
    "郁单洪包左石崔吉龚程邢裴陆荣翁荀羊甄曲封储靳段富巫焦牧谷侯全班仰秋仲宫宁仇栾甘厉戎祖武符刘景詹束龙叶幸司黎薄印白蒲从鄂索赖卓屠蒙池乔阴胥苍闻"
    "翟谭劳姬申扶堵冉宰郦雍桑桂濮牛寿边扈燕冀尚农温别庄晏柴瞿阎连习艾容向古易慎戈廖庾终居衡步都耿满弘匡文寇广禄阙东欧利蔚越隆师巩聂晁勾敖融冷訾辛阚"
    "那简饶曾沙养鞠须丰巢关相查游竺权盖益公岳帅缑亢况有琴"
)
_DOUBLE_SURNAMES = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|令狐|慕容|司徒|夏侯"
_TITLES = "先生|女士|小姐|太太|阿姨|大姐|师傅|老师|医生"
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


def mask(text: str) -> str:
    """The text on one line, at most 200 characters, with phones, numbers, mails, accounts, addresses and names
    replaced by what they were. Mentions go: they name people."""
    shown = unicodedata.normalize("NFKC", text[: LONGEST * 4].replace("\0", " "))
    shown = _LINK.sub(LINK, shown)
    shown = _MAIL.sub(MAIL, shown)
    shown = _MENTION.sub("", shown)
    shown = _ID_NUMBER.sub(ID_NUMBER, shown)
    shown = _ACCOUNT.sub(lambda found: found[1] + ACCOUNT, shown)
    shown = _MOBILE.sub(PHONE, shown)
    shown = _LANDLINE.sub(PHONE, shown)
    shown = _SPOKEN.sub(PHONE, shown)
    shown = _ADDRESS.sub(ADDRESS, shown)
    shown = _NUMBER.sub(NUMBER, shown)
    shown = _CODE.sub(NUMBER, shown)
    shown = _NAME.sub(_named, shown)
    return " ".join(shown.split())[:LONGEST]


def _named(found: re.Match[str]) -> str:
    return found[0] if _NO_NAME.match(found[2]) else found[1] + NAME
