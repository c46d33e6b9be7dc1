"""Advice on where money-off should begin, from what paid orders came to: pure."""

from __future__ import annotations

from dataclasses import dataclass

LOW, HIGH = (12, 10), (15, 10)  # of the average order: below, most orders reach it anyway; above, few try
ENOUGH_ORDERS = 20  # fewer than these say little
YUAN = 100


@dataclass(frozen=True, slots=True)
class Advice:
    """A threshold between `low_fen` and `high_fen`, in whole yuan, rests on so many `orders` of `average_fen` each."""

    orders: int
    average_fen: int
    low_fen: int
    high_fen: int

    @property
    def is_thin(self) -> bool:
        return self.orders < ENOUGH_ORDERS


def threshold(orders: int, total_fen: int) -> Advice | None:
    """What these paid orders advise; None without any."""
    if orders < 1 or total_fen < orders:
        return None
    low, high = (_whole_yuan(total_fen * over, orders * under) for over, under in (LOW, HIGH))
    return Advice(orders, total_fen // orders, low, high)


def _whole_yuan(over: int, under: int) -> int:
    """Rounded up, so that the threshold is never below what it is meant to be."""
    return -(-over // (under * YUAN)) * YUAN
