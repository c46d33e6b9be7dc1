"""Polls and quizzes in a group: members say a number, and read at the end how it went."""

from handlers.polls.routes import routes

__all__ = ["routes"]
