"""What stands on a lane, and what every batch needs; the second is built once by bot/app.py."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from bot.context import Shop
from bot.event import Event, Handled
from bot.routing import Router
from bot.talk import Talk
from content.knowledge import Knowledge
from content.render import Words
from storage.groups import GroupSettings


@dataclass(slots=True)
class Item:
    """An event on a lane, who waits for it, when it came, the row it is a retry of (id, tries), and the account that
    heard it (empty: the channel's first)."""

    event: Event
    done: Future[Handled] | asyncio.Future[Handled]
    received_at: datetime
    retry_of: tuple[int, int] | None = None
    account: str = ""


@dataclass(slots=True)
class Parts:
    """What every batch needs; built once by bot/app.py."""

    router: Router
    words: Words
    knowledge: Knowledge
    shop: Shop
    now: Callable[[], datetime]
    needs_confirmation: Callable[[str], bool] = lambda channel: False
    known_members: dict[str, str] = field(default_factory=dict)
    known_groups: set[str] = field(default_factory=set)
    known_present: set[tuple[str, str]] = field(default_factory=set)
    talk: Talk = field(default_factory=lambda: Talk(is_alone=False))
    group_settings: dict[str, GroupSettings] = field(default_factory=dict)
    group_revision: int = -1
    is_ours: Callable[[str], bool] = lambda channel: True  # we speak in its groups from the first moment
    private_talks: dict[str, str] = field(default_factory=dict)  # conversation → account, where not the first
    has_more_accounts: Callable[[str], bool] = lambda channel: False
    is_connected: Callable[[str], bool] = lambda account: True
