"""Tells whether two addresses are one home, however they are typed: the estate and the numbers down to the flat."""

from __future__ import annotations

import re

from content.knowledge.text import normalise

LONGEST = 300
_PHONE = re.compile(r"(?<!\d)(?:\+?86[\s-]?)?(1[3-9]\d)[\s-]?(\d{4})[\s-]?(\d{4})(?!\d)")
_REGION = re.compile(r"^.*(?:省|自治区|(?<!超)市|(?<![小社])区|县|镇|乡|街道|(?:路|街|道|巷)\s*\d+(?:号|弄))(?=.*\d)")
_COUNTED = re.compile(r"[一二三四五六七八九十]{1,3}(?=栋|幢|号|单元|期|室|层|楼|座)")
_SPOKEN = str.maketrans("一二三四五六七八九", "123456789")
_PLACE = re.compile(r"[\u4e00-\u9fff]{2,12}$")
_NUMBER = re.compile(r"\d+|[a-d](?=[栋座幢单号\d-])")
_ROOM = re.compile(r"室|户|房|单元|\d{3,4}\b")


def phones_in(text: str) -> frozenset[str]:
    """The mobile numbers in a text, eleven digits each."""
    return frozenset("".join(found) for found in _PHONE.findall(normalise(text[:LONGEST])))


def home_of(address: str) -> str:
    """A home as «estate:numbers»; empty where the address does not go down to a flat (an office's reception, a street)."""
    text = _PHONE.sub(" ", normalise(address[:LONGEST]))
    text = _COUNTED.sub(_counted, text)
    for part in re.split(r"[,，。;；]", text):
        squeezed = re.sub(r"(?<=[\u4e00-\u9fff\d])\s+(?=\d)|(?<=\d)\s+(?=[\u4e00-\u9fff])", "", part)
        for piece in squeezed.split():
            home = _read(_REGION.sub("", piece))
            if home:
                return home
    return ""


def _counted(found: re.Match[str]) -> str:
    tens, sign, ones = found[0].rpartition("十")
    if not sign:
        return ones.translate(_SPOKEN)
    return str(10 * int(tens.translate(_SPOKEN) or 1) + int(ones.translate(_SPOKEN) or 0))


def _read(piece: str) -> str:
    first = re.search(r"\d", piece)
    if first is None:
        return ""
    place = _PLACE.search(piece[: first.start()])
    numbers = _NUMBER.findall(piece[first.start() :])
    if place is None or len(numbers) < 2 or not _ROOM.search(piece):
        return ""
    return f"{place[0]}:{'-'.join(number.lstrip('0') or '0' for number in numbers)}"
