"""Fixtures: places to talk, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.place import Place


@pytest.fixture
def make_place(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Places with settings of the scene's own, closed after it."""
    made: list[Place] = []

    def make(**options: Any) -> Place:
        made.append(Place(tmp_path / "home", "" if database_url.startswith("sqlite") else database_url, **options))
        return made[-1]

    yield make
    for place in made:
        place.close()


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    return make_place()
