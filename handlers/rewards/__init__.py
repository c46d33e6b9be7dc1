"""Rewards: who brought an order, what that earns, when it is theirs, and what goes back with a refund."""

from handlers.rewards.routes import routes

__all__ = ["routes"]
