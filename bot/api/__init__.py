"""The typed API at /api, for the shop's own systems: keys with scopes, one shape of errors, OpenAPI at /api/openapi.json."""

from bot.api.app import build

__all__ = ["build"]
