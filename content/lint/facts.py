"""What is known when a text is checked, and the rules that need it: live prices and stock, today, our own hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from content.findings import BLOCK, WARN
from content.lint.reading import Reading
from content.lint.rules import Words


@dataclass(frozen=True, slots=True)
class Offered:
    """A product as it is now. `price_fens` are the prices of its variants; `stock` None means it is not counted."""

    name: str
    price_fens: tuple[int, ...]
    aliases: tuple[str, ...] = ()
    list_price_fen: int | None = None
    stock: int | None = None
    is_on_sale: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known; whatever is empty is not checked, except hosts: a link to a host that is not named is not ours.
    `values` are the template values that will be filled in later; `contacts` the shop's own numbers and accounts."""

    today: date | None = None
    products: tuple[Offered, ...] = ()
    hosts: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """A rule of this module that is broken, at a span of the plain text."""

    rule: str
    level: str
    start: int
    end: int
    words: Words
    rewrite: str = ""


_PRICE = Words(
    "价格和商品资料不一致", "the price is not the one in the product table", "改成商品资料里的价格", "use the price of the product table",
    "价格法 第十三条、第十四条；明码标价和禁止价格欺诈规定 第十九条",
)
_BEFORE = Words(
    "写的原价和商品资料里的不一致", "the price of before is not the one in the product table",
    "改成商品资料里的原价，或只写现价", "use the list price, or today's alone",
    "明码标价和禁止价格欺诈规定 第十九条；价格法 第十四条",
)
_GONE = Words(
    "商品已下架或售罄", "the product is not on sale or sold out",
    "换一个在售的商品，或写到货时间", "choose another product, or say when it is back", "消费者权益保护法 第二十条；电子商务法 第十七条",
)
_PAST = Words(
    "日期已经过去", "the date is past", "换成今天以后的日期", "give a date to come", "广告法 第二十八条；电子商务法 第十七条",
)
_LINK = Words(
    "不是本店的链接，也不在允许名单里", "a link that is neither ours nor on the allow-list",
    "换成本店的页面，或请管理员加入允许名单", "use the shop's page, or have the host allowed",
    "微信外部链接内容管理规范；互联网广告管理办法 第十七条",
)

_LINKS = re.compile(
    r"(?:https?|ftp)://[^\s,。;、\u4e00-\u9fff「」『』<>\"'()]+|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:com|cn|net|org|top|xyz|cc"
    r"|vip|shop|me|io|tv|club|site|app|ly|link|store|info|co)(?![\w.-]*@)(?:/[^\s,。;、\u4e00-\u9fff]*)?(?![a-z])",
    re.ASCII,
)
_YEAR_DAY = re.compile(
    r"(?<!\d)(?:(20\d{2})\s?[年./-]\s?)(\d{1,2})\s?[月./-]\s?(\d{1,2})(?!\d)\s?[日号]?|(?<!\d)(20[012]\d)(?=年?(?:的)?(?:双"
    r"|618|年货|大促|预售|春节|中秋|国庆|店庆|周年|元旦|端午|秋季|春季|夏季|冬季)|年(?:底|末)前)")
_DAY = re.compile(r"(?<![\d.年/-])(1[0-2]|0?[1-9])\s?月\s?(3[01]|[12]\d|0?[1-9])\s?(?:[日号]|(?!\d))")
_UNTIL = re.compile(
    r"截止|截至|止$|有效期|到期|前下单|前有效|前(?:付款|接龙|拼|参|购买|享|报名|预定|预订|使用)|开团|预售|活动|优惠|促销"
    r"|特价|报名|抢购|开抢|秒杀|团购|接龙|开售|折|满减|大促|双11|双十一|双12|618|过期|作废|发货|到货|用掉|until|before|ends?"
    r"|by|valid|expires?|sale"
)
_HISTORY = re.compile(
    r"生产日期|出厂|批次|成立|开业于|建于|创立|始于|创办|以来|去年|前年|曾|当年|检测报告|报告日期|认证|荣获|获得|获奖|回顾"
    r"|回忆|采摘于|入库|版权|标准号?|gb/?t?|历史|上线于|那年|出生")
_LATE_DAYS = 60  # a day without its year that is so far back is taken as next year's
_AMOUNT = re.compile(
    r"(?:[¥￥]\s?(\d{1,6}(?:\.\d{1,2})?)|(\d{1,6}(?:\.\d{1,2})?)\s?(?:元|块钱?|rmb))(?!/?(?:券|红包|优惠|无门槛|/斤|一斤"
    r"|每斤))")
_NO_PRICE = re.compile(
    r"(?:减|返|省|差|运费|邮费|满|补|抵|便宜|降|涨|红包|券|超|押金|比.{0,6}|超市.{0,4}|专柜.{0,4}|别处.{0,4}|每斤|单价)(?:了"
    r"|价|是|约|只要|合|卖)?\s?$")
_OLD = re.compile(r"(?:原价|市场价|日常价|平时|划线价|零售价)(?:是|为|卖|:)?\s?$")


def find(reading: Reading, facts: Facts) -> Iterator[Found]:
    """What in the text does not fit what is known."""
    yield from _links(reading, facts)
    if facts.today is not None and not reading.signs.isdisjoint("0123456789"):
        yield from _past(reading, facts.today)
    for product in facts.products:
        yield from _offer(reading, product, len(facts.products) == 1)


def is_ours(host: str, hosts: frozenset[str]) -> bool:
    """Whether a host, or a domain it belongs to, is named."""
    parts = host.lower().split(".")
    return any(".".join(parts[start:]) in hosts for start in range(len(parts)))


def _links(reading: Reading, facts: Facts) -> Iterator[Found]:
    if "." not in reading.signs and "://" not in reading.plain:
        return
    for found in _LINKS.finditer(reading.plain):
        host = re.sub(r"^\w+://", "", found[0]).partition("/")[0].partition("?")[0].rpartition("@")[2].partition(":")[0]
        if not is_ours(host, facts.hosts):
            yield Found("link", WARN, found.start(), found.end(), _LINK)


def _past(reading: Reading, today: date) -> Iterator[Found]:
    for found in _YEAR_DAY.finditer(reading.plain):
        around = reading.plain[max(0, found.start() - 14) : found.end() + 14]
        if _HISTORY.search(around) or not _UNTIL.search(around):
            continue
        day = _day(int(found[1] or found[4]), int(found[2] or 12), int(found[3] or 31))
        if day is not None and day < today:
            yield Found("past_date", WARN, found.start(), found.end(), _PAST)
    for found in _DAY.finditer(reading.plain):
        around = reading.plain[max(0, found.start() - 10) : found.end() + 10]
        day = _day(today.year, int(found[1]), int(found[2]))
        if day is None or not _UNTIL.search(around) or _HISTORY.search(around):
            continue
        # what follows «从», «~» is the end of a span; only its end must be to come
        if re.match(r"\s?(?:到|至|起|开始|-|~|—|–|\d{0,2}:)", reading.plain[found.end() : found.end() + 3]):
            continue
        if 0 < (today - day).days <= _LATE_DAYS:
            yield Found("past_date", WARN, found.start(), found.end(), _PAST)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _offer(reading: Reading, product: Offered, is_alone: bool) -> Iterator[Found]:
    names = [name.lower() for name in (product.name, *product.aliases) if len(name) > 1]
    place = next((at for at in (reading.plain.find(name) for name in names) if at >= 0), -1)
    if place < 0 and not is_alone:
        return
    if place >= 0 and (not product.is_on_sale or product.stock == 0):
        yield Found("sold_out", BLOCK, place, place + 2, _GONE)
    known = {*product.price_fens} | ({product.list_price_fen} if product.list_price_fen else set())
    for found in _AMOUNT.finditer(reading.plain):
        before = reading.plain[max(0, found.start() - 10) : found.start()]
        fen = round(float(found[1] or found[2]) * 100)
        if _OLD.search(before):
            if product.list_price_fen is None or fen > product.list_price_fen:
                yield Found("false_before", BLOCK, found.start(), found.end(), _BEFORE, _yuan(product.list_price_fen))
        elif fen not in known and not _NO_PRICE.search(before):
            yield Found("price", BLOCK, found.start(), found.end(), _PRICE, _yuan(min(product.price_fens, default=None)))


def _yuan(fen: int | None) -> str:
    return "" if fen is None else f"¥{fen / 100:.2f}".removesuffix(".00")
