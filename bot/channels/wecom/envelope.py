"""Reads the XML of callbacks: small, flat, and without anything that could expand or reach outside."""

from __future__ import annotations

from xml.parsers import expat

MAX_BYTES = 64 * 1024
MAX_DEPTH = 6
MAX_FIELDS = 2_000

Fields = dict[str, str | list[str]]


class BadEnvelope(Exception):
    """Not the XML a callback has."""


class _Reader:
    """Collects the children of the root; a child with <Item>s becomes a list."""

    def __init__(self) -> None:
        self.fields: Fields = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self._count = 0

    def refuse(self, *_: object) -> int:
        raise BadEnvelope("definitions are not allowed")

    def start(self, name: str, _attributes: object) -> None:
        self._count += 1
        if len(self._path) >= MAX_DEPTH or self._count > MAX_FIELDS:
            raise BadEnvelope("too deep or too long")
        self._path.append(name)
        self._text = []

    def text(self, words: str) -> None:
        self._text.append(words)

    def end(self, name: str) -> None:
        self._path.pop()
        words = "".join(self._text).strip()
        self._text = []
        if len(self._path) == 1 and not isinstance(self.fields.get(name), list):
            self.fields[name] = words
        elif len(self._path) == 2 and name == "Item":
            known = self.fields.get(self._path[1])
            items = known if isinstance(known, list) else []
            items.append(words)
            self.fields[self._path[1]] = items


def read(data: bytes) -> Fields:
    """The fields of a callback. Raises BadEnvelope."""
    if len(data) > MAX_BYTES:
        raise BadEnvelope("too long")
    reader, parser = _Reader(), expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = reader.refuse
    parser.ExternalEntityRefHandler = parser.UnparsedEntityDeclHandler = reader.refuse
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadEnvelope(str(error)) from error
    return reader.fields


def word(fields: Fields, name: str) -> str:
    """One field as text, empty when it is missing."""
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


def words(fields: Fields, name: str) -> list[str]:
    """A field of several values: <Item>s, or one text with commas as older callbacks had it."""
    value = fields.get(name, "")
    found = value if isinstance(value, list) else value.split(",")
    return [one for one in found if one]


def number(fields: Fields, name: str) -> int:
    """A field as a whole number, 0 when it is missing or none."""
    value = word(fields, name)
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else 0
