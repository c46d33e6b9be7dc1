"""Referral: members' own links, the visits through them, who brought whom, and which ids are one person."""

from handlers.referral.routes import routes

__all__ = ["routes"]
