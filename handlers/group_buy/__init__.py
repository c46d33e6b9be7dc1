"""Group-buy drops: opened, joined, formed or paid back. Reads from routes.py; claims are settled in checkout.py."""

from handlers.group_buy.routes import routes

__all__ = ["routes"]
