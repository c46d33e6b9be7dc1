"""The operator's desk: what every console page may reach, built once by bot/app.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.console.assets import Assets
from bot.console.files import Files
from bot.console.fortnight import Fortnight
from bot.console.healthy_days import HealthyDays
from bot.console.language import Catalogue
from bot.console.paper import Paper
from bot.console.pressing import Pressed
from bot.context import Shop
from bot.dispatch import Dispatcher
from bot.events import Event, Handled
from bot.sender import Sender
from bot.settings import Settings
from content.render import Words
from content.shelf import Shelf
from storage.database import Database

PATIENCE_SECONDS = 15


class Desk:
    """One shop's console: settings, database and the road, with templates, words and files ready to serve."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        dispatcher: Dispatcher,
        sender: Sender,
        shelf: Shelf,
        shop: Shop,
        now: Callable[[], datetime],
    ) -> None:
        self.settings, self.database, self.dispatcher, self.sender = settings, database, dispatcher, sender
        self.shelf, self.shop, self.now = shelf, shop, now
        self.zone = ZoneInfo(settings.time_zone)
        self.words = Words(settings.time_zone)  # for showing beforehand what members will read
        self.secret = settings.secret().encode()
        self.is_https = settings.public_url.startswith("https://")
        self.fortnight = Fortnight(database, self.zone)
        self.healthy_days = HealthyDays(database, self.zone)
        self.pressed = Pressed(database)
        self.files = Files(now)
        self.catalogue = Catalogue.load()
        self.assets = Assets.load()
        self.paper = Paper(self.zone, self.assets)

    def tell(self, event: Event) -> Handled:
        """Put an event on its lane and wait until it is committed. Never call it inside a writing transaction: on
        SQLite the lane would wait for us and we for the lane."""
        return self.dispatcher.submit(event).result(timeout=PATIENCE_SECONDS)
