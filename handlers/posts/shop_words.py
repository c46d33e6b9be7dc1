"""What the shop's own dictionary says about words, in the form the guard takes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from content import lint
from storage import lint_words


@dataclass(frozen=True, slots=True)
class ShopWords:
    """The dictionary, our numbers and accounts, and the hosts that are ours or allowed."""

    dictionary: lint.Dictionary
    contacts: frozenset[str]
    hosts: frozenset[str]


def find(session: Session) -> ShopWords:
    """Read once a check: the table has a few rows, and a change holds from the next check on."""
    entries: dict[str, dict[str, str]] = {kind: {} for kind in lint_words.KINDS}
    for row in lint_words.find_all(session):
        entries[row.kind][row.text] = row.level
    return ShopWords(
        lint.Dictionary(
            entries[lint_words.WORD], frozenset(entries[lint_words.ALLOWED]), frozenset(entries[lint_words.OFF])
        ),
        frozenset(entries[lint_words.CONTACT]),
        frozenset(entries[lint_words.HOST]),
    )
