"""Fixtures: a place with referral links, and browsers that follow them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from storage import clicks, members, referral_links, touches
from storage.base import AnyRow
from storage.referral_links import ReferralLink
from tests.web.conftest import browser, here, open_tab
from tests.web.place import PATIENCE, Place
from tests.web_drops.conftest import make_place, place

__all__ = ["browser", "here", "make_place", "open_tab", "place"]
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36"
    " MicroMessenger/8.0.49"
)


class Road:
    """Links of a place, and what came through them."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.group_id = place.group()

    def link(self, who: str = "小王", kind: str = referral_links.GROUP, target: str | None = None, **more: Any) -> ReferralLink:
        """A member's link; to the group when nothing else is named."""
        now = self.place.operator.now()
        with self.place.database.write() as session:
            members.keep(session, [(f"web:m_{who}", "web", who)], now)
            made = referral_links.ensure(
                session, f"web:m_{who}", kind, self.group_id if target is None else target, now, **more
            )
            session.expunge(made)
        return made

    def browser(self, agent: str = PHONE, **headers: str) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://{self.place.host}", timeout=PATIENCE, headers={"User-Agent": agent, "Accept-Language": "zh-CN"} | headers
        )

    def change(self, change: Callable[..., Any], *given: Any) -> None:
        with self.place.database.write() as session:
            change(session, *given)

    def pause(self, link: ReferralLink) -> None:
        self.change(referral_links.pause, link.id, self.place.operator.now())
        self.forgotten(link.code)

    def expire(self, link: ReferralLink, ago: timedelta = timedelta(seconds=1)) -> None:
        self.change(referral_links.set_expiry, link.id, self.place.operator.now() - ago)
        self.forgotten(link.code)

    def forgotten(self, code: str) -> None:
        """Wait until a change has reached the memory of the running process."""
        until = time.monotonic() + PATIENCE
        while self.place.operator.clicks.find(code) is not None:
            assert time.monotonic() < until, "memory still has the link as it was"
            time.sleep(0.02)

    def clicks(self, link: ReferralLink, visits: int | None = None) -> list[AnyRow]:
        """The rows of a link, once so many visits are kept."""
        until = time.monotonic() + PATIENCE
        while True:
            with self.place.database.read() as session:
                rows = list(clicks.find_of_link(session, link.id, 1_000))
            if visits is None or sum(row.times for row in rows) >= visits:
                return rows
            assert time.monotonic() < until, f"{sum(row.times for row in rows)} visits, not {visits}"
            time.sleep(0.02)

    def touches(self, link: ReferralLink, limit: int = 1_000) -> list[AnyRow]:
        with self.place.database.read() as session:
            return list(touches.find_page(session, touches.Wanted(link_id=link.id), limit=limit))

    def now(self) -> datetime:
        return self.place.operator.now()


@pytest.fixture
def road(place: Place) -> Road:
    return Road(place)


@pytest.fixture
def make_road(make_place: Callable[..., Place], tmp_path: Path) -> Callable[..., Road]:
    """A road of a place with settings of the scene's own."""
    return lambda **options: Road(make_place(**options))
