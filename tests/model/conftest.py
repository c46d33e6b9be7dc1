"""A stage with a shop whose questions are put to a model server when the shop's own retriever is not sure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.asking import Asking, Budget
from bot.assistant import Access, Assistant
from bot.breaker import Breaker
from bot.events import Event, ModelAnswered
from bot.jobs import AnswerWanted
from handlers.faq import rules
from storage import handovers, model
from storage.handovers import Handover
from storage.model import Limit
from tests.model.server import ModelServer, Told, choice
from tests.stage import Stage

PLENTY = Limit(10_000_000, 10_000_000_000)


@dataclass
class House:
    """The stage, the model server behind it, and what the scene may change: budget, seconds, access."""

    stage: Stage
    server: ModelServer
    access: Access
    budget: Budget
    breaker: Breaker
    seconds: float = 6.0
    number: int = 0

    async def _answer(self, job: AnswerWanted) -> Event:
        assistant = Assistant(self.access, self.breaker)
        asking = Asking(
            self.stage.database, self.stage.parts.shop, assistant, self.budget, lambda: self.stage.time,
            seconds=self.seconds,
        )
        try:
            return await asking.answer(job)
        finally:
            await assistant.stop()

    def says(self, told: Told | str) -> None:
        """What the model will answer from now on."""
        fixed = told if isinstance(told, Told) else Told(told)
        self.server.tell = lambda request: fixed

    def ask(self, question: str, who: str | None = None, **more: Any) -> str:
        """A member (each time another) asks us; gives what the operator said at once."""
        self.number += 1
        more.setdefault("to_us", True)
        return self.stage.says(who or f"邻居{self.number}号", question, **more)

    def answers(self) -> list[str]:
        """The reasons of all the model's answers so far."""
        return [row.reason or "" for row in self.stage.log() if row.kind == ModelAnswered.__name__]

    def handovers(self) -> list[Handover]:
        with self.stage.database.read() as session:
            return list(handovers.find(session, [handovers.OPEN], 500))

    def tokens(self, place: str = model.EVERYWHERE) -> int:
        with self.stage.database.read() as session:
            use = model.find_use(session, self.stage.time.date().isoformat(), place)
            return 0 if use is None else use.tokens


@pytest.fixture
def server() -> Iterator[ModelServer]:
    server = ModelServer()
    server.start()
    yield server
    server.stop()


def furnish(stage: Stage, server: ModelServer) -> House:
    """A shop of a few entries and products, with the model connected."""
    stage.knows(
        "几点可以自提？", "每天 9 点到 21 点都可以来自提。", ["什么时候能自提", "几点能取货", "自提时间是几点"], "pickup"
    )
    stage.knows("运费怎么算？", "满39元包邮，新疆西藏除外。不满39元收6元。", ["要邮费吗", "包邮吗"], "postage")
    stage.knows("积分怎么用？", "100积分抵1元，每单最多抵20%。积分到12月31日清零。", ["积分能抵钱吗"], "points")
    stage.knows("可以货到付款吗？", "不支持货到付款。支持微信支付。", ["能到了再给钱吗"], "cod")
    stage.sells(
        "云南高山奶油草莓 3斤装", 3990, 8, aliases=["草莓", "奶油草莓"], attributes=[["产地", "云南会泽"]],
        brief="早上摘的果，果香浓",
    )
    stage.sells("智利车厘子 2斤装", 12900, 30, aliases=["车厘子", "樱桃"], attributes=[["产地", "智利"]])
    stage.parts.shop = replace(stage.parts.shop, has_model=True)
    access = Access(server.base_url, "test-key", "tiny")
    house = House(stage, server, access, Budget(PLENTY, PLENTY, 100, 400), Breaker())
    stage.work[AnswerWanted] = house._answer
    server.tell = lambda request: Told(choice())
    return house


@pytest.fixture
def house(stage: Stage, server: ModelServer) -> House:
    return furnish(stage, server)


@pytest.fixture
def always_unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question of the scene is of the middle band, so that each reaches the model."""
    monkeypatch.setattr(rules, "is_sure", lambda candidate, asked: False)
    monkeypatch.setattr(rules, "is_for_model", lambda found, asked: bool(found))
    monkeypatch.setattr(rules, "too_close_to_tell", lambda found, asked: ())
