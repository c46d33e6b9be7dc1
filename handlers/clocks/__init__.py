"""Clocks: what we promise an asking member, from the question to the closed conversation."""

from handlers.clocks.routes import routes

__all__ = ["routes"]
