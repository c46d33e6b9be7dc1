"""Group-buy drops: opened, joined, formed or paid back. Reads from routes.py; claims are settled in checkout.py; what is
said in a group's talk comes by talking.py."""

from handlers.group_buy import talking
from handlers.group_buy.routes import routes

talk_routes = talking.routes

__all__ = ["routes", "talk_routes"]
