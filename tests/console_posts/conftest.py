"""The room of the console's scenes with a planner in it, who has the groups «stage:g» and «stage:h»."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.console.conftest import Room, room
from tests.console_shop.conftest import audited
from tests.posts.conftest import Planner

__all__ = ["Planner", "audited", "planner", "room", "said_in"]


@pytest.fixture
def planner(room: Room) -> Planner:
    made = Planner(room.stage)
    made.at(10)
    return made


def said_in(planner: Planner, code: str = "g") -> Sequence[str]:
    """What was said in a group."""
    return [text for here, text in planner.stage.channel.said if here == f"stage:{code}"]
