"""Goes through the rows of a file: what can be stored, and what is refused with its line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from content.importing.reading import Row
from content.importing.refusals import Refused, RefusedRow


class Checked(Protocol):
    """What a row became: known by its id."""

    @property
    def id(self) -> str: ...


Noun = TypeVar("Noun", bound=Checked)


def check_all(
    rows: Sequence[Row], read: Callable[[Row], Noun], meet: Callable[[Noun, Noun], None]
) -> tuple[list[Noun], list[RefusedRow]]:
    """What can be stored, each id once, and what is refused. Of two rows with one id the first stays, and `meet`
    lets it take in the second or raises Refused."""
    checked: dict[str, Noun] = {}
    refused: list[RefusedRow] = []
    for row in rows:
        try:
            one = read(row)
            before = checked.setdefault(one.id, one)
            if before is not one:
                meet(before, one)
        except Refused as reason:
            refused.append(RefusedRow(row.line, reason))
    return list(checked.values()), refused
