"""Pick lists: what is handed out to whom, as a workbook, as printable pages and as words a group may read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from fpdf import FPDF
from fpdf.fonts import FontFace
from noto_cjk_sans_otc import FONT_PATH

from content.render import money
from content.sheets import Told, xlsx_of

MOST_ON_PAPER = 2_000  # orders in one PDF; a font of all Chinese makes each page dear


class Picked(Protocol):
    """What a pick list needs to know of an order."""

    @property
    def order_id(self) -> str: ...
    @property
    def member(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def point(self) -> str: ...
    @property
    def lines(self) -> tuple[tuple[str, int], ...]: ...
    @property
    def note(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def owed_fen(self) -> int: ...
    @property
    def is_received(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a list in the reader's language."""

    orders: str = "订单"
    products: str = "商品汇总"
    point: str = "自提点"
    group: str = "群"
    member: str = "成员"
    tail: str = "尾号"
    product: str = "商品"
    units: str = "份数"
    owed: str = "取货时付（元）"
    note: str = "备注"
    address: str = "地址"
    order_id: str = "订单号"
    done: str = "已取"
    nowhere: str = "没写自提点"
    cut: str = "只印了前 {most} 单，一共 {count} 单；完整的请下载 XLSX。"


def place_of(pick: Picked) -> str:
    """Where an order is handed out: its pick-up point, else its group."""
    return pick.point or pick.group


def by_place(picks: Iterable[Picked]) -> list[tuple[str, list[Picked]]]:
    """The orders of each place."""
    ordered = sorted(picks, key=lambda one: (place_of(one), one.group, one.member, one.order_id))
    return [(place, list(some)) for place, some in groupby(ordered, key=place_of)]


def totals(picks: Iterable[Picked]) -> list[tuple[str, int]]:
    """How many of each product are to be picked, by name."""
    counts: Counter[str] = Counter()
    for pick in picks:
        for name, count in pick.lines:
            counts[name] += count
    return sorted(counts.items())


def workbook(picks: Sequence[Picked], words: Words, told: Told | None = None) -> bytes:
    """XLSX: every order by place, and how many of each product each place gets."""
    header = (
        words.point, words.group, words.member, words.tail, words.product, words.units, words.owed, words.note, words.address,
        words.order_id, words.done,
    )
    places = by_place(picks)
    rows = (
        (
            pick.point, pick.group, pick.member, pick.order_id[-4:].upper(), "\n".join(f"{name} ×{count}" for name, count in pick.lines),
            sum(count for _, count in pick.lines), pick.owed_fen / 100, pick.note, pick.address, pick.order_id,
            "✓" if pick.is_received else "",
        )
        for _, some in places for pick in some
    )
    sums = ((place or words.nowhere, name, count) for place, some in places for name, count in totals(some))
    return xlsx_of([(words.orders, header, rows), (words.products, (words.point, words.product, words.units), sums)], told)


def masked(name: str) -> str:
    """A member's name as a group may read it: its first sign."""
    return (name[:1] or "*") + "**"


def for_group(title: str, picks: Sequence[Picked], words: Words, opening: str) -> str:
    """The list as a group may read it: masked names, the order's tail and what it is; no address, note or amount."""
    said = [opening]
    for place, some in by_place(picks):
        said.append(f"\n【{place or title}】")
        for pick in some:
            bought = "、".join(f"{name}×{count}" for name, count in pick.lines)
            said.append(f"{masked(pick.member)}（{words.tail} {pick.order_id[-4:].upper()}）{bought}")
    return "\n".join(said)


def printed(title: str, picks: Sequence[Picked], words: Words, most: int = MOST_ON_PAPER) -> bytes:
    """PDF: for each place its totals and its orders with a box to tick. What is beyond `most` is left out, and every place
    says so."""
    paper = FPDF(format="A4")
    paper.set_auto_page_break(True, margin=14)
    paper.add_font("cjk", fname=str(FONT_PATH), collection_font_number=2)
    cut = words.cut.format(most=most, count=len(picks)) if len(picks) > most else ""
    for place, some in by_place(picks[:most]):
        paper.add_page()
        if cut:
            paper.set_font("cjk", size=11)
            paper.multi_cell(0, 7, cut, border=1, new_x="LMARGIN", new_y="NEXT")
        paper.set_font("cjk", size=15)
        paper.multi_cell(0, 9, _plain(f"{title} · {place or words.nowhere}"), new_x="LMARGIN", new_y="NEXT")
        paper.set_font("cjk", size=10)
        for name, count in totals(some):
            paper.multi_cell(0, 6, _plain(f"{name} × {count}"), new_x="LMARGIN", new_y="NEXT")
        paper.ln(3)
        with paper.table(col_widths=(8, 28, 16, 80, 24, 34), line_height=6, headings_style=FontFace()) as table:
            for cells in _table(some, words):
                table.row([_plain(one) for one in cells])
    if not paper.pages:
        paper.add_page()
    return bytes(paper.output())


def _table(picks: Sequence[Picked], words: Words) -> Iterable[Sequence[str]]:
    yield ("", words.member, words.tail, words.product, words.owed, words.note)
    for pick in picks:
        bought = "、".join(f"{name}×{count}" for name, count in pick.lines)
        owed = money(pick.owed_fen) if pick.owed_fen else ""
        yield ("√" if pick.is_received else "□", pick.member, pick.order_id[-4:].upper(), bought, owed, pick.note)


def _plain(words: str) -> str:
    """Signs the font has: no emoji beyond the basic plane, no control characters."""
    return "".join(sign if sign.isprintable() and ord(sign) < 0x10000 else "□" for sign in words)
