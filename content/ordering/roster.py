"""Reads a roster (接龙): which numbered lines are rows, and what each says. Facts about the forms: docs/ordering.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from content.ordering.numbers import narrow
from content.ordering.rows import Menu, Wanted, read_row

LONGEST = 60_000  # characters; a native roster of 500 rows has about 15,000
MOST_ROWS = 1_000

_MARK = re.compile(r"#\s*(?:群)?接龙|#\s*接龍|#\s*Group\s?Note\b|#\s*Solitaire\b", re.IGNORECASE)
_PLAIN_MARK = re.compile(r"^[^\w\n]{0,4}[\w ]{0,12}接[龙龍][^\w\n]{0,4}$|^[【\[].{0,20}接[龙龍].{0,20}[】\]]|^接[龙龍][:：\s]", re.MULTILINE)
_LINE = re.compile(r"^[ ]*(?:(\d{1,3})(?:\ufe0f?\u20e3|[ ]*[.、。:：)）\]】．])|([①-⑳]))[ ]*(.*)$")
_LINE_BARE = re.compile(r"^[ ]*(\d{1,3})[ ]+(\S.*)$")
_INLINE = re.compile(r"(?:(?<=\s)|^)(\d{1,3})[.、](?!\d)[ ]*")
_SAMPLE = re.compile(r"^[ ]*(?:例|示例|例如|例子|样例|格式|[Ee]xample|[Ee]\.g\.?)(?:[\s:：.,，]|$)")
_MENU_LINE = re.compile(r"^[ ]*([A-Za-z]|\d{1,2}|[①-⑳])(?:款|套餐)?[ ]*[.、:：)）\s][ ]*([^\s\d¥￥].*?)(?:[ ]*[¥￥]?\d+(?:\.\d+)?[元块/].*)?$")
_MENU_HEAD = re.compile("菜单|品种|可选|选项|品类|价目|口味|清单|套餐|款式|菜品")
_PRICE = re.compile(r"[¥￥]\s?\d|\d(?:\.\d+)?\s?(?:元|块|/)")
_CLOSING = re.compile("^(?:截止|截单|注意|说明|以上|共计|合计|满|[—\\-=*_]{3,}|谢谢大家|团长)")


@dataclass(frozen=True, slots=True)
class Row:
    """A numbered line: its place in the text (start, end, in characters), what it wants, and, where the network tells,
    who wrote it (the network's own id) and when (unix seconds)."""

    number: int
    text: str
    start: int
    end: int
    wanted: tuple[Wanted, ...]
    author: str = ""
    signed_at: int = 0

    @property
    def name(self) -> str:
        return self.wanted[0].name if self.wanted else ""


@dataclass(frozen=True, slots=True)
class Roster:
    """A roster's head (what it is about) and its rows, in their order."""

    head: str
    menu: Menu
    rows: tuple[Row, ...]

    @property
    def wanted(self) -> list[Wanted]:
        return [one for row in self.rows for one in row.wanted]


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    body: str
    start: int
    end: int


def read(text: str) -> Roster | None:
    """The roster a message holds; None when it is none. Longer texts than LONGEST are none."""
    if len(text) > LONGEST or ("接" not in text and "#" not in text and "＃" not in text):
        return None
    plain = narrow(text)
    if "\\n" in plain and plain.count("\n") < plain.count("\\n"):
        plain = plain.replace("\\n", " \n")
    plain = plain.replace("\r", "\n")
    is_marked = _MARK.search(plain) is not None
    if not is_marked and not _PLAIN_MARK.search(plain):
        return None
    lines, head_end = _by_line(plain)
    if is_marked and ((not lines and not _numbered(plain, _LINE)[0]) or plain.strip().count("\n") == 0):
        lines = _in_line(plain) or lines
        head_end = lines[0].start if lines else head_end
    if not lines and not is_marked:
        return None
    head = plain[:head_end]
    menu = read_menu(head)
    rows = [_row(line, menu) for line in lines[:MOST_ROWS]]
    # A word that one row counts is a variant where another only names it.
    named = {one.variant for row in rows for one in row.wanted if one.variant and one.variant not in menu.keys}
    if named:
        menu = Menu(" ".join([menu.text, *sorted(named)]), menu.keys)
        rows = [_row(line, menu) for line in lines[:MOST_ROWS]]
    return Roster(_MARK.sub("", head).strip(), menu, tuple(row for row in rows if row.wanted))


def _row(line: _Line, menu: Menu) -> Row:
    return Row(line.number, line.body.strip(), line.start, line.end, tuple(read_row(line.body, menu)))


def read_menu(head: str) -> Menu:
    """What the head of a roster offers."""
    keys: dict[str, str] = {}
    for line in head.splitlines():
        match = _MENU_LINE.match(line)
        if match is not None:
            keys[match[1].upper()] = match[2].strip()
    return Menu(head, keys)


def _by_line(text: str) -> tuple[list[_Line], int]:
    """The rows where each stands on a line of its own, and where the head ends."""
    numbered, sample_at = _numbered(text, _LINE)
    if not numbered:
        numbered, sample_at = _numbered(text, _LINE_BARE)
        if len(numbered) < 2 or [line.number for line in numbered[:2]] != [1, 2]:
            return [], len(text)
    after_sample = [line for line in numbered if line.start > sample_at] if sample_at >= 0 else numbered
    runs: list[list[_Line]] = []
    for line in after_sample:
        if not runs or (line.number == 1 and runs[-1][-1].number >= 1):
            runs.append([])
        runs[-1].append(line)
    if not runs:
        return [], len(text)
    rows = runs[-1]
    if len(runs) == 1 and sample_at < 0 and _is_menu(text[: rows[0].start], rows, text):
        return [], len(text)
    return _joined(text, rows), rows[0].start


def _numbered(text: str, pattern: re.Pattern[str]) -> tuple[list[_Line], int]:
    found: list[_Line] = []
    sample_at, place = -1, 0
    for line in text.split("\n"):
        if _SAMPLE.match(line):
            sample_at = place
        match = pattern.match(line)
        if match is not None:
            number = int(match[1]) if match[1] else ord(match[2]) - ord("①") + 1
            found.append(_Line(number, match[match.re.groups], place + match.start(match.re.groups), place + len(line)))
        place += len(line) + 1
    return found, sample_at


def _is_menu(head: str, rows: Sequence[_Line], text: str) -> bool:
    """A single numbered list may be what is offered, and nobody has signed yet."""
    priced = sum(1 for row in rows if _PRICE.search(row.body))
    last_head = head.strip().rpartition("\n")[2]
    is_indented = all(text[: row.start].rpartition("\n")[2].startswith("  ") for row in rows)
    return priced * 2 > len(rows) or (is_indented and bool(_MENU_HEAD.search(last_head)))


def _joined(text: str, rows: Sequence[_Line]) -> list[_Line]:
    """Rows with the lines that continue them, and rows that were written behind another on one line."""
    joined: list[_Line] = []
    for place, row in enumerate(rows):
        end = _number_start(text, rows[place + 1]) if place + 1 < len(rows) else len(text)
        more = text[row.end:end]
        if place + 1 == len(rows):
            more = more.partition("\n\n")[0]
        extra = [line.strip() for line in more.split("\n") if line.strip()]
        kept = []
        for line in extra:
            if _CLOSING.match(line) or line.startswith("#"):
                break
            kept.append(line)
        whole = _Line(row.number, " ".join([row.body, *kept]), row.start, row.end + (len(more.rstrip()) if kept else 0))
        joined.extend(_split(whole, rows[place + 1].number if place + 1 < len(rows) else None))
    return joined


def _number_start(text: str, row: _Line) -> int:
    return text.rfind("\n", 0, row.start) + 1


def _split(row: _Line, following: int | None) -> list[_Line]:
    """«1. 小王 2份 2. 李四 1» on one line, where the next line goes on with 3, or nothing follows."""
    pieces: list[_Line] = []
    rest = row
    while True:
        cut = next((m for m in _INLINE.finditer(rest.body) if int(m[1]) == rest.number + 1 and m.start() > 0), None)
        if cut is None or following == rest.number + 1:
            pieces.append(rest)
            return pieces
        pieces.append(_Line(rest.number, rest.body[: cut.start()], rest.start, rest.start + cut.start()))
        rest = _Line(rest.number + 1, rest.body[cut.end():], rest.start + cut.end(), rest.end)


def _in_line(text: str) -> list[_Line]:
    """The rows of a roster that came on one line: the last 1 that a 2 follows (or the last 1), then 2, 3, …"""
    marks = [(int(match[1]), match.start(), match.end()) for match in _INLINE.finditer(text)]
    best: list[tuple[int, int, int]] = []
    for place, (number, _, _) in enumerate(marks):
        if number != 1:
            continue
        chain = [marks[place]]
        for mark in marks[place + 1:]:
            if mark[0] == chain[-1][0] + 1:
                chain.append(mark)
        if len(chain) >= min(2, len(best)):
            best = chain
    rows = []
    for place, (number, _, begin) in enumerate(best):
        end = best[place + 1][1] if place + 1 < len(best) else len(text)
        rows.append(_Line(number, text[begin:end], begin, end))
    return rows
