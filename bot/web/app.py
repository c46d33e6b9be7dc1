"""The pages members open."""

from __future__ import annotations

from starlette.routing import BaseRoute

from bot.settings import Settings
from storage.database import Database


def routes(settings: Settings, database: Database, web_channel: object) -> list[BaseRoute]:
    return []
