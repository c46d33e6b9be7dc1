"""A stage with a campaign, and browsers at a member's own page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from bot import personal_links
from bot.settings import Settings
from bot.visitors import Admitted, Visitor
from bot.web import mine
from storage import campaigns
from storage.terms import Reward, Terms
from tests.group_buy.stall import StallStage
from tests.stage import Stage


class OpenDoor:
    """The web channel as far as the page asks it."""

    async def find_member(self, token: str) -> Admitted | None:
        return Admitted(token, token, token) if token.startswith("stage:") else None

    async def admit(self, group_id: str | None, visitor: Visitor) -> Admitted:
        raise NotImplementedError

    def is_from_us(self, headers: Headers) -> bool:
        return headers.get("origin", "") in ("", "http://testserver")


class Shopfront:
    """One stage, a drop, a running campaign, and the public pages."""

    def __init__(self, stage: Stage, home: Path) -> None:
        self.stage, self.drop = stage, StallStage(stage)
        self.settings = Settings(home=home, _env_file=None)  # type: ignore[call-arg]
        now = stage.time
        with stage.database.write() as session:
            campaigns.insert_draft(session, {
                "id": "cmp_a", "name": "春季推荐", "starts_at": now, "ends_at": None, "created_at": now, "created_by": "周姐",
            })
            terms = Terms(
                campaign_id="cmp_a", version=1, window_days=14, top_level=2, budget_fen=1_000_000,
                rewards=(
                    Reward(level=0, unit="coupon", kind="flat", amount=500, occasion="first_order"), Reward(level=1, amount=1000),
                    Reward(level=2, amount=200),
                ),
            )  # fmt: skip
            campaigns.write_terms(session, terms, now, "周姐")
            campaigns.change(session, "cmp_a", (campaigns.DRAFT,), status=campaigns.RUNNING)
        self.routes = mine.routes(self.settings, stage.database, OpenDoor(), stage.dispatcher, lambda: stage.time)

    def browser(self, who: str = "", language: str = "zh") -> TestClient:
        """A browser that opened the member's link, or a stranger's."""
        client = TestClient(Starlette(routes=self.routes), headers={"accept-language": language})
        if who:
            client.get("/me/referral", params={"k": self.token(who)})
        return client

    def token(self, who: str) -> str:
        return personal_links.give(self.settings.secret(), f"stage:{who}", self.stage.time)

    def brings(self, who: str, *others: str) -> None:
        self.stage.joins(who)
        for one in others:
            self.stage.joins(one, inviter=who)

    def bought(self, who: str, count: int = 1, **more: str) -> str:
        order_id = self.drop.join(who, count, **more)
        self.drop.pay(order_id)
        return order_id


def choose(client: TestClient, choice: str, **more: str) -> httpx.Response:
    return client.post("/me/referral", data={"choice": choice} | more)


@pytest.fixture
def front(make_stage: Callable[..., Stage], tmp_path: Path) -> Shopfront:
    return Shopfront(make_stage(), tmp_path)
