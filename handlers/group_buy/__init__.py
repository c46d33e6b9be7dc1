"""Group-buy drops: opened, joined, formed or paid back. Reads from routes.py; claims are settled in checkout.py; what is
said in a group's talk comes by talking.py, what is signed in lists by roster.py; what posts may say is in values.py."""

from handlers.group_buy import roster, talking, values
from handlers.group_buy.routes import routes

roster_routes, talk_routes, value_routes = roster.routes, talking.routes, values.routes

__all__ = ["roster_routes", "routes", "talk_routes", "value_routes"]
