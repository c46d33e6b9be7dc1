"""Reads WeChat's own block beside a roster: who wrote which row, and when. It is trusted over the text alone.

The block (`<solitaire_info>`, in an appmsg of type 53) names for each row the author `<u>`, the unix time `<t>` and the
place `<r>` in the title as offset-length, without the row's number, in UTF-16 units (measured on messages in the wild)."""

from __future__ import annotations

import html
import re

from content.ordering import roster
from content.ordering.roster import LONGEST, MOST_ROWS, Roster, Row
from content.ordering.rows import read_row

_ROW = re.compile(r"<i>(.{1,2000}?)</i>", re.DOTALL)
_AUTHOR = re.compile(r"<u>([^<]{1,100})</u>")
_TIME = re.compile(r"<t>(\d{1,12})</t>")
_RANGE = re.compile(r"<r>(\d{1,6})-(\d{1,5})</r>")
_HEAD = re.compile(r"<tt>(\d{1,6})-(\d{1,6})</tt>")


def read(title: str, block: str) -> Roster | None:
    """The roster of a title and its block; None where they do not fit each other (then the text alone speaks)."""
    if len(title) > LONGEST or len(block) > LONGEST * 4:
        return None
    if "<solitaire>" not in block:
        block = html.unescape(block)
    units = title.encode("utf-16-le")
    rows: list[Row] = []
    first = len(title)
    head = _HEAD.search(block)
    menu = roster.read_menu(_cut(units, int(head[1]), int(head[2])) if head else title)
    for match in _ROW.finditer(block):
        author, signed, place = _AUTHOR.search(match[1]), _TIME.search(match[1]), _RANGE.search(match[1])
        if author is None or place is None or len(rows) >= MOST_ROWS:
            continue
        offset, length = int(place[1]), int(place[2])
        if 2 * (offset + length) > len(units):
            return None
        body = _cut(units, offset, length)
        start = len(_cut(units, 0, offset))
        first = min(first, start)
        wanted = tuple(read_row(" ".join(body.split("\n")), menu))
        number = len(rows) + 1
        if wanted:
            at = int(signed[1]) if signed else 0
            rows.append(Row(number, body.strip(), start, start + len(body), wanted, author[1], at))
    if not rows:
        return None
    return Roster(title[:first].strip(), menu, tuple(rows))


def _cut(units: bytes, offset: int, length: int) -> str:
    return units[2 * offset: 2 * (offset + length)].decode("utf-16-le", errors="replace")
