"""How many clocks an operator is told of, for the badge on every page: counted together for all, every few seconds."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage import clocks
from storage.clocks import EVERYBODY
from storage.database import Database

KEEPS = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Pressing:
    """Clocks that still run and were not waved away: late ones, and ones that soon will be."""

    late: int = 0
    close: int = 0

    @property
    def total(self) -> int:
        return self.late + self.close


class Pressed:
    """What presses whom, kept in memory; safe for several threads. One query serves every operator's page."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: Mapping[int, Mapping[int, bool]] = {}
        self._counted_at: datetime | None = None
        self._turn = threading.Lock()

    def of(self, operator_id: int, now: datetime) -> Pressing:
        with self._turn:
            if self._counted_at is None or not timedelta() <= now - self._counted_at < KEEPS:
                with self._database.read() as session:
                    self._told = clocks.find_pressing(session)
                self._counted_at = now
            mine = {**self._told.get(EVERYBODY, {}), **self._told.get(operator_id, {})}
        late = sum(mine.values())
        return Pressing(late, len(mine) - late)

    def forget(self) -> None:
        """Somebody has seen to one: count again at the next look."""
        with self._turn:
            self._counted_at = None
