"""Vigilance: notices what looks like cheating for rewards and holds them for a person to decide."""

from handlers.vigilance.routes import routes

__all__ = ["routes"]
