"""A stage with a learner beside it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from content.learning.reading import Learner
from storage import demands, learning, proposals
from storage.proposals import OPEN, Phrasing, Proposal
from tests.console.conftest import Room, room
from tests.stage import Stage

__all__ = ["Room", "School", "room", "school"]


@dataclass
class School:
    """The stage, and a learner that reads what was said on it."""

    stage: Stage
    learner: Learner

    def reads(self) -> int:
        """Enough time passes, then everything new is read."""
        self.stage.pass_time(200)
        return self.learner.read_on(self.stage.time)

    def proposals(self, state: str = OPEN) -> list[tuple[Proposal, list[Phrasing]]]:
        with self.stage.database.read() as session:
            rows = proposals.find(session, state)
            phrasings = proposals.find_phrasings(session, [row.id for row in rows])
        return [(row, phrasings.get(row.id, [])) for row in rows]

    def wished(self) -> list[tuple[str, str, str, int]]:
        """Open demand: product, kind, what is wanted, how many members."""
        with self.stage.database.read() as session:
            rows = demands.find(session, (demands.OPEN,))
        return [(row[0].product_id, row[0].kind, row[0].wanted, row[1]) for row in rows]

    def unresolved(self) -> list[tuple[str, int]]:
        with self.stage.database.read() as session:
            return [(row[0], row[1]) for row in learning.find_least_helpful(session, self.stage.time.replace(year=2000))]


@pytest.fixture
def school(room: Room) -> School:
    """The very stage the console's browsers look at."""
    return School(room.stage, Learner(room.stage.database, room.stage.shelf.knowledge))
