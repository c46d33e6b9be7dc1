"""Reads the bundled synonyms and rewrites a text so that different wordings of one thing read alike."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

BUNDLED = Path(__file__).with_name("lexicon.txt")


class Lexicon:
    """Longest-match rewriting: every variant of a group becomes the group's first word, padding disappears."""

    def __init__(self, groups: Iterable[tuple[str, ...]] = (), padding: Iterable[str] = ()) -> None:
        self._by_first: dict[str, list[tuple[str, str]]] = {}
        table: dict[str, str] = {word: "" for word in padding if word}
        for group in groups:
            for word in group:
                if word and group[0]:
                    table.setdefault(word, group[0])
        for word, target in sorted(table.items(), key=lambda pair: -len(pair[0])):
            self._by_first.setdefault(word[0], []).append((word, target))

    def rewrite(self, text: str) -> str:
        """`text` must be normalised; ASCII words are replaced only when they stand alone."""
        out: list[str] = []
        by_first = self._by_first
        copied = position = 0
        for start in range(len(text)):
            if start < position or text[start] not in by_first:
                continue
            for word, target in by_first[text[start]]:
                if text.startswith(word, start) and not _inside_a_word(text, start, word):
                    out += (text[copied:start], target)
                    copied = position = start + len(word)
                    break
        return "".join(out) + text[copied:]


def _inside_a_word(text: str, position: int, word: str) -> bool:
    if not word.isascii():
        return False
    end = position + len(word)
    before = position > 0 and text[position - 1].isascii() and text[position - 1].isalnum()
    return before or (end < len(text) and text[end].isascii() and text[end].isalnum())


def read_groups(path: Path = BUNDLED) -> tuple[list[tuple[str, ...]], list[str]]:
    """The synonym groups and the padding words of a lexicon file."""
    groups: list[tuple[str, ...]] = []
    padding: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        words = line.removeprefix("- ").split()
        if line.startswith("- "):
            padding.extend(words)
        else:
            groups.append(tuple(words))
    return groups, padding
