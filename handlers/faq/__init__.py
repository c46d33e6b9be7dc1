"""Answers questions from what the shop knows, or keeps silent."""

from handlers.faq.routes import routes

__all__ = ["routes"]
