"""Counts what a process has handled since its start: outcomes, latency, and what could not be kept."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

BOUNDS_MS = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000)


class Tally:
    """Told once a batch, from any lane."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.latencies = [0] * (len(BOUNDS_MS) + 1)  # how many took at most so long; the last: longer
        self.latency_sum_ms = 0.0
        self.not_kept = 0
        self.trouble: str | None = None  # why the last event could not be kept; None when it could
        self._turn = threading.Lock()

    def add(self, handled: Iterable[tuple[str, float]]) -> None:
        """New events of a batch that was committed: outcome, and milliseconds from receipt to commit."""
        with self._turn:
            self.trouble = None
            for outcome, milliseconds in handled:
                self.outcomes[outcome] += 1
                self.latencies[bisect_left(BOUNDS_MS, milliseconds)] += 1
                self.latency_sum_ms += milliseconds

    def refuse(self, why: str) -> None:
        """An event could not be kept."""
        with self._turn:
            self.not_kept += 1
            self.trouble = why

    def recover(self) -> None:
        """Something could be written again."""
        with self._turn:
            self.trouble = None
