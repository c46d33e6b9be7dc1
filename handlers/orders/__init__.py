"""Orders and their money: payments, refunds, goods on their way, and the proof that all adds up."""

from handlers.orders.routes import routes

__all__ = ["routes"]
