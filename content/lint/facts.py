"""What is known when a text is checked, and the rules that need it: live prices and stock, today, our own hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from content.findings import BLOCK, WARN
from content.lint import dates
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
PAST_WORDS = Words(
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
    if facts.today is not None and not reading.signs.isdisjoint("0123456789昨前上"):
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
    for start, end in dates.past(reading.plain, today):
        yield Found("past_date", WARN, start, end, PAST_WORDS)


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
