"""Holds a model's answer against its sources: every clause must be theirs, word for word, or it is not said; pure.

Judging whether a sentence follows from another is what models get wrong; whether it stands there is not. So numbers,
prices, dates, names and claims of effect need no rules of their own: what is not a quotation is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from content.knowledge import normalise
from content.sources import Source

LONGEST, MOST_CLAUSES = 400, 16
_STRANGE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Mc", "No", "Nl", "Zl", "Zp"))
_SENTENCE = re.compile(r"[。!?;\n]|\.(?!\d)|\.{2,}")
_CLAUSE = re.compile(r"(?<!\d)[,~]|[,~](?!\d)|[()\[\]【】]|—|–(?!\d)")
_GOES_ON = re.compile(r"\s*(?:但|不过|除|只是|仅|另收)")  # a sentence that takes back part of the one before
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_YUAN = re.compile(r"¥\s*(\d+(?:\.\d+)?)(?:元|块钱)?|(\d+(?:\.\d+)?)\s*块钱")
_ZEROS = re.compile(r"(?<![\d.])(\d+)\.(?:0+|(\d*?[1-9])0+)(?!\d)")
_SIGN = re.compile(r"[^\w]|_")
_BESIDE_NUMBERS = frozenset("-+<>≤≥±%‰℃°×*/=.:,~$€£¥")
_NUMERAL = re.compile(r"[\d〇零一二两三四五六七八九十百千万亿半]")
_LEAD = re.compile(r"(?:您好|你好|亲爱的|亲|我们|咱们|咱家|本店|小店|这款|这个|目前|现在|的|是|卖|为)+")
_TAIL = re.compile(r"(?:哦|呢|呀|哈|喔|噢|喽)+$")
_COURTESY = re.compile(
    r"(?:您好|你好|亲爱的?|亲|邻居(?:您好|你好)?|hi|hello|谢谢(?:您|你)?|感谢(?:您|你)?的?(?:提问|咨询|支持)?|不客气|"
    r"有(?:其他|别的)?问题(?:可以|请|欢迎)?随时(?:问|找|联系)我们?|希望(?:能)?帮到(?:您|你))(?:哦|呢|呀|哈|喔)?"
)
_OPENS = re.compile(r"(?:可以|能|有|是|好|支持|会)(?:的|哦|呢)?")  # what may be left off the beginning of a sentence
# A clause with one of these narrows its sentence: who quotes the sentence quotes it too.
_NARROWS = re.compile(r"不|没|无|未|勿|非|只|仅|限|除|但|如果|若|需|须|才|满|超|另收|前提|例外|请勿|慎")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A source's sentence as its clauses, each in the shape they are compared in."""

    source: Source
    clauses: tuple[str, ...]


class _Check:
    """One answer against its sources."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sentences = [
            Sentence(source, clauses) for source in sources for clauses in _sentences(source.text)
        ]
        self.products = [source for source in sources if source.names]
        self.names = sorted(
            ((shape, source) for source in self.products for name in source.names if (shape := _shape(name))),
            key=lambda pair: -len(pair[0]),
        )
        self.spoken_of: Source | None = None
        self.named: set[str] = set()
        self.quoted: dict[int, set[int]] = {}
        self.last: tuple[int, int] | None = None

    def fault(self, answer: str) -> str | None:
        clauses = [clause for sentence in _sentences(answer) for clause in sentence]
        if len(clauses) > MOST_CLAUSES:
            return "too many clauses"
        for clause in clauses:
            if not _COURTESY.fullmatch(clause) and not self._is_accounted_for(clause):
                return f"not in the sources: {clause[:60]}"
        return self._left_out()

    def _is_accounted_for(self, clause: str) -> bool:
        """A product's name alone, or a clause of a source quoted in its place."""
        rest = self._without_name(clause)
        if not rest:
            self.last = None
            return True
        for number, sentence in enumerate(self.sentences):
            if not self._may_quote(sentence.source):
                continue
            for place, known in enumerate(sentence.clauses):
                if rest == _bare(known) and self._is_in_place(number, place):
                    self.quoted.setdefault(number, set()).add(place)
                    self.last = (number, place)
                    return True
        return False

    def _is_in_place(self, number: int, place: int) -> bool:
        """A clause is quoted from the beginning of its sentence or after the one before it: torn out, «¥59.9» of one
        kind could be said of another."""
        before = self.sentences[number].clauses[:place]
        return self.last == (number, place - 1) or all(_OPENS.fullmatch(clause) for clause in before)

    def _without_name(self, clause: str) -> str:
        """The clause without the product's name it begins with, which it then speaks of."""
        rest = _bare(clause)
        for name, source in self.names:
            if rest.startswith(name) and not _is_cut(rest, len(name)):
                self.spoken_of = source
                self.named.add(source.id)
                return _bare(rest[len(name) :])
        return rest

    def _may_quote(self, source: Source) -> bool:
        """A product's facts may be told only while that product is spoken of."""
        return not source.names or self.spoken_of is source

    def _left_out(self) -> str | None:
        if not self.quoted:
            return "says nothing of the sources"
        for number, taken in self.quoted.items():
            for place, clause in enumerate(self.sentences[number].clauses):
                if place not in taken and _NARROWS.search(clause):
                    return f"leaves out a condition: {clause[:60]}"
        for source in self.products:
            if source.id not in self.named:
                return f"does not name {source.id}"
        return None


def fault(answer: str, sources: Sequence[Source]) -> str | None:
    """Why a model's answer may not be said; None when each of its clauses stands in the sources it cites."""
    if not answer.strip() or len(answer) > LONGEST:
        return "empty or too long"
    for sign in answer:
        if sign != "\n" and unicodedata.category(sign) in _STRANGE:
            return f"strange sign U+{ord(sign):04X}"
    return _Check(sources).fault(answer)


def _sentences(text: str) -> Iterator[tuple[str, ...]]:
    """The sentences of a text as clauses in the shape for comparing; one that takes back goes with the one before."""
    plain = normalise(text.replace("\n", "。"))
    plain = _THOUSANDS.sub("", plain)
    whole: list[str] = []
    for sentence in _SENTENCE.split(plain):
        clauses = [shape for clause in _CLAUSE.split(sentence) if (shape := _shape(clause))]
        if not clauses:
            continue
        if whole and not _GOES_ON.match(sentence):
            yield tuple(whole)
            whole = []
        whole += clauses
    if whole:
        yield tuple(whole)


def _shape(clause: str) -> str:
    """A clause without spaces and signs, except those beside a number, which may change it; money as «39.9元»."""
    text = normalise(clause)
    text = _YUAN.sub(lambda found: f"{found.group(1) or found.group(2)}元", text)
    text = _ZEROS.sub(lambda found: found.group(1) + (f".{found.group(2)}" if found.group(2) else ""), text).strip()
    kept = []
    for at, sign in enumerate(text):
        if not _SIGN.match(sign):
            kept.append(sign)
            continue
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        is_between = before.isdigit() and after.isdigit()
        if is_between:
            kept.append("_" if sign.isspace() else sign)
        elif sign in _BESIDE_NUMBERS and (before.isdigit() or after.isdigit()) and not _is_mark(sign, before, after):
            kept.append(sign)
    return "".join(kept)


def _is_mark(sign: str, before: str, after: str) -> bool:
    """A colon before a number («价格:39»), or a stop after one, only parts words."""
    return (sign == ":" and not before.isdigit()) or (sign in ".:,~" and not after.isdigit())


def _bare(clause: str) -> str:
    """The clause without words at its ends that say nothing."""
    lead = _LEAD.match(clause)
    rest = clause[lead.end() :] if lead else clause
    return _TAIL.sub("", rest)


def _is_cut(text: str, at: int) -> bool:
    """Would a cut here part a number in two?"""
    return 0 < at < len(text) and bool(_NUMERAL.match(text[at - 1])) and bool(_NUMERAL.match(text[at]))
