"""Stops asking what keeps failing, for a while that grows, and then lets one try through."""

from __future__ import annotations

from datetime import datetime, timedelta

FAILURES = 5  # in a row
SHORTEST, LONGEST = timedelta(seconds=30), timedelta(minutes=10)


class Breaker:
    """Closed: all may pass. Open: nobody, until its time is over; then one, whose success closes it."""

    def __init__(self) -> None:
        self._failures = 0
        self._wait = SHORTEST
        self._opens_again_at: datetime | None = None
        self._is_trying = False

    def lets_pass(self, now: datetime) -> bool:
        """May somebody ask now? Who was let pass says how it went, by `succeeded` or `failed`."""
        if self._opens_again_at is None:
            return True
        if now < self._opens_again_at or self._is_trying:
            return False
        self._is_trying = True
        return True

    def succeeded(self) -> None:
        self._failures, self._wait, self._opens_again_at, self._is_trying = 0, SHORTEST, None, False

    def failed(self, now: datetime, *, is_final: bool = False, wait: timedelta | None = None) -> None:
        """It failed. `is_final`: trying again soon is useless (a wrong key); `wait`: the far side said how long."""
        self._failures += 1
        if self._is_trying or is_final or wait is not None or self._failures >= FAILURES:
            pause = LONGEST if is_final else min(wait or self._wait, LONGEST)
            self._opens_again_at = now + pause
            self._wait = min(self._wait * 2, LONGEST)
        self._is_trying = False

    def released(self) -> None:
        """Who was let pass did not ask after all."""
        self._is_trying = False
