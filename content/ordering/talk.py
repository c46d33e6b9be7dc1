"""Understands an order in the talk of a group: «+1», «我要2份», «A2 B1», «改成3», «不要了», «帮我妈也来一份».

The whole sentence must be made of the words of ordering; what holds anything else is talk («我家2个娃», «+1 我也觉得»)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from content.ordering.numbers import NUMERAL, UNITS, narrow, number_of
from content.ordering.rows import ADDRESS, PHONE

WANT, ADD, LESS, SET, CANCEL = "want", "add", "less", "set", "cancel"
LONGEST = 120  # a longer message is talk

_NAME = "[\ue000-\ue3ff]"  # stands for the name of an offer while we read
_SPACE = re.compile(
    r"[\s,，、。.;；!！~～…:：·\-—^()（）]+|[+＋](?=" + _NAME + ")|(?:和|跟|还有|以及|另外|加上|外加|然后)(?=" + _NAME + r"|[A-Za-z]|各|\d|"
    "[一二两三四五六七八九十])"
)
_CALL = re.compile(
    r"@\S{1,20}\s|(?:团长|老板娘|老板|群主|店主|店家|掌柜的?|亲爱的|亲|您好|你好|哈喽|哈啰|嗨|hi|hello|美女|客服|管家|小姐姐|姐姐|姐|哥|在吗|抱歉|不好意思|对不起|好的?|可以|行|嗯+|哇塞?|看着不错|不错)"
    r"(?=[\s,，!！~～。给帮来我请要]|麻烦|$|" + _NAME + r")|\d{3,4}(?=\s)", re.IGNORECASE,
)
_ME = re.compile("我们家|我这边|我这里|我们|我家|我|俺家|俺|咱家|咱|本人|这边|家里")
_SOFT = re.compile(
    "也|还是|还|就|先|数量|订单|的订单|那就|那份|这份|那单|那|给我|帮我|帮忙|给|麻烦|请|想要|想|继续|果断|必须|赶紧|马上|一起|跟风|今天|今晚|这次|这个|这款|"
    "那个|直接|一样|同款|同样|老样子|记得"
)
_FOR = re.compile(
    "(?:帮|给|替|代)(?P<who>我?(?:爸妈|父母|妈妈|爸爸|妈|爸|老妈|老爸|婆婆|公公|爷爷|奶奶|外婆|外公|姥姥|姥爷|老公|老婆|姐姐?|哥哥?|弟弟?|妹妹?|闺蜜|朋友|同事|邻居|对门|楼上|楼下|隔壁|阿姨|姑姑|舅舅)家?"
    "|[\u4e00-\u9fff]{1,3}(?:姐|哥|阿姨|妈|爸|叔|总|老师|奶奶|爷爷|婆婆))(?:那边|那里)?"
)
_SET = re.compile("(?:改成|改为)(?:只?要)?|改到|改要|改下?|换成|变成|调成|更正为?|更正|应该是|是要|一共要?|总共要?|共要?")
_ADD = re.compile("再(?:(?:帮我|给我)?(?:来|加|要|订|定|买|拿|报|带|留))?|(?<!外)加(?!我|微信|群|好友)|追加|多(?:来|要|加|订|买|拿)|补|还(?:要|来)|"
    "多(?=[\\d一两二三四五])")
_LESS = re.compile("减[掉少]?|少(?:要|来|拿|订)|退掉?(?=[\\d一两二三四五])|去掉|扣掉|取消(?=[\\d一两二三四五]+(?:" + UNITS + "))")
_CANCEL = re.compile(
    "(?:那|这|上面|刚才|刚刚|之前|前面)?(?:份|个|单|的|那份|那单|订的)?(?:都|全|全部|先|就)*"
    "(?:不想?要[了啦]|不买了|不订了|不定了|不参加了|不参团了|不团了|不接了|不拼了|不报了|不来了|取消掉?订单|取消接龙|取消掉?了?|退单|退出(?:接龙|拼团|团)?|退了|退掉|"
    "撤单|撤了|撤回(?:我的)?|删掉|删了|划掉|作废|算了不要了)(?:一下)?(?:吧|哈|哦|啊)?"
)
_VERB = re.compile(
    "下单|报名?|接龙|接|抢|留|带我?|参团|拼团|跟团|团|跟|整|搞|入|囤|预订|预定|登记|记我|记上|算我|加我|有我|安排|上车|打包|收|需要|认领|拼|要|来|订|定|买|拿|下"
)
_KEEP = re.compile("囤起来|囤着")
_PAST = re.compile("了|过|到|完|着")
_ALONE = re.compile("下单|报名|接龙|参团|拼团|跟团|登记|算我|带我|上车|认领|要")
_UNIT_ALONE = re.compile(rf"(?:{UNITS})(?=$|[\s,，!！~～。]|{_NAME}|吧|尝|哈)")
_PIECES = frozenset("个枚颗粒片根块只")
_COUNT = re.compile(
    rf"(?P<sign>[+×xX*]?)\s*(?P<digits>{NUMERAL})\s*(?P<unit>{UNITS})?(?![\d.%％点號号元块毛岁年月天日周折楼栋幢室单元分秒小时期层次斤装寸码级度下起直会样定])"
)
_LETTER = re.compile(rf"(?P<key>[A-Za-z])(?:款|套餐)?[+×xX*:：]?\s*(?P<digits>{NUMERAL})?(?P<unit>{UNITS})?(?(digits)(?!\d)|(?![A-Za-z\d]))")
_OFFER = re.compile(_NAME)
_NUMERALS = tuple("零一二两三四五六七八九十百")
_AFTER = re.compile(rf"\s?(?:的)?({_NAME})")
_EACH = re.compile(rf"各(?:来|要|买|订|拿)?(?P<digits>{NUMERAL})(?:{UNITS})?|(?:都|一样)(?:来|要|买)?(?P<same>{NUMERAL})(?:{UNITS})")
_TAIL = re.compile(
    "谢谢团长|谢谢老板|谢谢啦?|谢了|感谢|多谢|辛苦了?|麻烦了?|拜托了?|哈哈+|嘻嘻|呵呵|可以吗|可以么|行吗|好吗|好不好|的(?!订单)|吧|哈|哦|噢|喔|呀|啊|呢|嘞|咯|啦|了|哟|鸭|滴|好了|先这样|就行|就好|即可|就可以|尝尝|试试|囤起来|囤着|屯着|谢|thx|thanks|[?？](?=\\s*$)"
    "|[\u2600-\u27bf\U0001f300-\U0001faff\ufe0f\u200d]+|\\[[\u4e00-\u9fffA-Za-z]{1,4}\\]", re.IGNORECASE,
)
_NOTE = re.compile(
    "[\u4e00-\u9fff]{1,3}(?:姐|哥|阿姨|妈妈?|叔叔?|婶|老师|奶奶|爷爷)(?=$|[\\s,，。!！])|送到|送货|放(?:门口|驿站|物业|在|到)|自提|自取|到付|不要(?!了)|多放|少放|备注|下午|晚上|上午|中午|明天|后天|周[一二三四五六日末]|微信|尾号|电话|手机|地址|住|门口|打包|切好|帮切|要(?:大|小|新鲜|甜|熟|硬|软|红|青)|挑|新鲜"
    "|已付|付好了?|付款了?|转了"
)
_ASKS = re.compile("[?？]|吗|多少|几[个点天号份]|怎么|什么|啥|哪|能不能|可不可以|有没有|是不是|够不够|要不要|好不好吃|咋|为何|如何")
_SAID = re.compile("上次|上回|昨天|以前|已经|如果|要是|假如|的话|听说|她|他|别人|人家|大家|谁|等等|下次|下回|改天|考虑|看看|纠结|犹豫|后悔")


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be ordered here now: its id, and what members may call it (a letter, names, specs)."""

    id: str
    names: tuple[str, ...]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a member wants. `lines` are (offer id, "" where none was named; quantity); `whose` is whom it is for."""

    kind: str
    lines: tuple[tuple[str, int], ...] = ()
    whose: str = ""
    note: str = ""
    confidence: float = 1.0


@dataclass(slots=True)
class _Reading:
    """What has been understood so far."""

    text: str
    offers: Sequence[Offer]
    names: dict[str, str]
    at: int = 0
    kind: str = ""
    verb: str = ""
    whose: str = ""
    note: str = ""
    is_mine: bool = False
    is_doubtful: bool = False  # holds what only a verb makes an order: a bare number, single pieces of something
    is_spoken_of: bool = False  # «我要的草莓»: something ordered before
    has_sign: bool = False
    has_plus: bool = False
    has_unit: bool = False
    is_name_first: bool = False  # «草莓2盒», not «2盒草莓»
    is_parted: bool = False  # a separator stood after the first line
    lines: list[tuple[str, int]] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match is None or match.end() == self.at:
            return None
        self.at = match.end()
        return match


def understand(text: str, offers: Sequence[Offer]) -> Wish | None:
    """The order in a message; None for talk. Cheap for most talk: only short texts with a word of ordering are read."""
    if len(text) > LONGEST or not _MAYBE.search(text):
        return None
    plain = narrow(text).strip()
    named, names = _with_names(plain, offers)
    reading = _Reading(named, offers, names)
    while reading.at < len(reading.text):
        if not _step(reading):
            if not _is_note(reading):
                return None
            reading.note = _plain(reading, reading.text[reading.at:])[:60]
            break
    return _wish(reading)


_MAYBE = re.compile(r"[\d+＋０-９一二两兩俩三四五六七八九十]|要|取消|退|不|报名|接龙|团|上车|算我|加我|带我|下单|登记|撤|删|划|[来留]份")


def _with_names(text: str, offers: Sequence[Offer]) -> tuple[str, dict[str, str]]:
    """The text with every offer's name replaced by one sign; longest names first."""
    names = sorted(
        ((name, offer.id) for offer in offers for name in offer.names if len(name) > 1), key=lambda pair: -len(pair[0])
    )
    signs: dict[str, str] = {}
    for place, (name, offer_id) in enumerate(names[:900]):
        if name in text:
            sign = chr(0xE000 + place)
            text = text.replace(name, sign)
            signs[sign] = offer_id
    return text, signs


def _plain(reading: _Reading, text: str) -> str:
    for sign, offer_id in reading.names.items():
        name = next((n for offer in reading.offers if offer.id == offer_id for n in offer.names if len(n) > 1), "")
        text = text.replace(sign, name)
    return text.strip()


def _step(reading: _Reading) -> bool:
    """Understand the next words; False when they are not words of ordering."""
    if reading.take(_SPACE):
        reading.is_parted = reading.is_parted or bool(reading.lines)
        return True
    if reading.lines and (_NOTE.match(reading.text, reading.at) or ADDRESS.match(reading.text, reading.at)):
        return False
    is_opening = not (reading.lines or reading.verb or reading.kind)
    if is_opening and (reading.take(_CALL) or reading.take(ADDRESS) or reading.take(PHONE)):
        return True
    if reading.kind != CANCEL and reading.take(_LESS):
        reading.kind = LESS
        return True
    if reading.take(_CANCEL):
        reading.kind = CANCEL
        return True
    return _step_order(reading)


def _step_order(reading: _Reading) -> bool:
    if (match := reading.take(_FOR)) is not None:
        reading.whose = match["who"]
        return True
    if _take_lines(reading):
        return True
    for kind, pattern in ((SET, _SET), (ADD, _ADD)):
        if reading.kind != CANCEL and (match := reading.take(pattern)) is not None:
            if kind == SET and reading.lines:
                reading.lines, reading.named = [], reading.named  # «3份改成2份»: the later number holds
            reading.kind = kind
            return True
    if reading.take(_ME):
        reading.is_mine = True
        return True
    if _KEEP.match(reading.text, reading.at) is None and (match := reading.take(_VERB)) is not None:
        reading.verb = match[0]
        if reading.take(_UNIT_ALONE):  # «来份»
            reading.has_unit = True
            _add_lines(reading, 1)
        return not _PAST.match(reading.text, reading.at)
    if (match := reading.take(_TAIL)) is not None:
        reading.is_spoken_of |= match[0] == "的" and bool(reading.verb) and not reading.lines
        return True
    return reading.take(_SOFT) is not None


def _take_lines(reading: _Reading) -> bool:
    """Quantities and what they are of."""
    if (match := reading.take(_OFFER)) is not None:
        reading.named.append(reading.names[match[0]])
        return True
    if (match := reading.take(_EACH)) is not None:
        quantity = number_of(match["digits"] or match["same"])
        if quantity is None or len(reading.named) < 1:
            return False
        reading.lines.extend((offer_id, quantity) for offer_id in reading.named)
        reading.named = []
        return True
    if _take_letter(reading):
        return True
    match = _COUNT.match(reading.text, reading.at)
    if match is None:
        return False
    quantity = number_of(match["digits"])
    sign, unit, after = match["sign"], match["unit"], reading.text[match.end():match.end() + 1]
    is_told = unit or sign or match["digits"].isdigit() or reading.kind in (ADD, SET)
    if quantity is None or not is_told or (unit == "人" and not reading.verb) or (not unit and after in _NUMERALS):
        return False
    reading.at = match.end()
    reading.has_sign |= bool(sign)
    reading.has_plus |= sign == "+"
    reading.has_unit |= bool(unit)
    is_piece = unit in _PIECES and not any(unit == offer.unit for offer in reading.offers)
    is_unnamed = not reading.named
    _add_lines(reading, quantity)
    is_bare = not (unit or sign) and is_unnamed and reading.lines[-1][0] == ""
    reading.is_doubtful |= is_piece or is_bare or (sign == "+" and quantity >= 50)
    return True


def _add_lines(reading: _Reading, quantity: int) -> None:
    """That many of what was named before, or is named right after."""
    named = reading.named or [""]
    reading.named = []
    following = _AFTER.match(reading.text, reading.at) if named == [""] and not reading.is_name_first else None
    if following is not None:
        named = [reading.names[following[1]]]
        reading.at = following.end()
    reading.is_name_first |= following is None and named != [""]
    reading.lines.extend((offer_id, quantity) for offer_id in named)


def _take_letter(reading: _Reading) -> bool:
    """«A2», «b一份», «C»: only letters that stand for an offer here."""
    match = _LETTER.match(reading.text, reading.at)
    if match is None:
        return False
    offer_id = next((offer.id for offer in reading.offers if match["key"].upper() in offer.names), None)
    if offer_id is None:
        return False
    reading.at = match.end()
    quantity = number_of(match["digits"]) if match["digits"] else None
    if quantity is None:
        reading.named.append(offer_id)
    else:
        reading.has_unit = True
        reading.lines.append((offer_id, quantity))
    return True


def _is_note(reading: _Reading) -> bool:
    """What follows a clear order may be a wish about it, or a question beside it."""
    has_order = bool(reading.lines) and (reading.has_unit or reading.has_sign or bool(reading.verb))
    rest = reading.text[reading.at:]
    if not has_order or _SAID.search(rest):
        return False
    if _NOTE.match(rest) or ADDRESS.match(rest) or PHONE.match(rest):
        return not _ASKS.search(rest) or reading.is_parted
    is_clear = bool(reading.verb) and (reading.is_mine or reading.has_unit) and reading.is_parted
    return is_clear and bool(_ASKS.search(rest)) and not re.match("多少|怎么卖|几[块元个斤]", rest)


def _wish(reading: _Reading) -> Wish | None:
    lines, kind = list(reading.lines), reading.kind
    if kind == CANCEL:
        if lines and not reading.named and not any(offer_id for offer_id, _ in lines):
            return Wish(CANCEL, (), reading.whose, reading.note, 0.9)
        ids = [*reading.named, *(offer_id for offer_id, _ in lines if offer_id)]
        return Wish(CANCEL, tuple((offer_id, 0) for offer_id in ids), reading.whose, reading.note)
    if reading.named:
        if not lines and not (reading.verb or reading.whose or kind == ADD):
            return None
        if kind in (SET, LESS) and not lines:
            return None
        lines.extend((offer_id, 1) for offer_id in reading.named)
    if not lines:
        is_asked = reading.is_mine or reading.whose or reading.verb not in ("要", "接龙", "登记")
        if not kind and _ALONE.fullmatch(reading.verb) and is_asked:
            return Wish(WANT, (("", 1),), reading.whose, reading.note, 0.8)
        return None
    is_told = bool(reading.verb or kind)
    is_whole = len(lines) == 1 and reading.is_mine and reading.has_unit  # «我家2份»
    if reading.is_spoken_of or (reading.is_doubtful and not is_told and not is_whole):
        return None
    if kind == LESS and not any(one for one, _ in lines) and (not reading.has_unit or lines[0][1] > 9):
        return None
    if not kind:
        kind = ADD if reading.has_plus and not any(one for one, _ in lines) else WANT
    sure = 1.0 if reading.verb or reading.has_sign or kind != WANT else 0.9
    return Wish(kind, tuple(lines), reading.whose, reading.note, sure)
