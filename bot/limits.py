"""How much strangers may do: an allowance that fills up again with time."""

from __future__ import annotations

from collections.abc import Callable

MAX_KEYS = 20_000


class Allowance:
    """So many a minute for each key, and a burst at once."""

    def __init__(self, a_minute: float, burst: int, clock: Callable[[], float]) -> None:
        self._a_second, self._burst, self._clock = a_minute / 60, float(burst), clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> float:
        """0 when it is allowed now, else the seconds to wait."""
        now = self._clock()
        left, since = self._left.get(key, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._a_second)
        if left < 1:
            self._left[key] = (left, now)
            return (1 - left) / self._a_second
        if len(self._left) >= MAX_KEYS and key not in self._left:
            self._forget_full(now)
        self._left[key] = (left - 1, now)
        return 0.0

    def _forget_full(self, now: float) -> None:
        self._left = {
            key: (left, since) for key, (left, since) in self._left.items()
            if left + (now - since) * self._a_second < self._burst
        }
