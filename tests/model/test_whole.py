"""The whole operator, started as it runs, with a model server behind it: an answer in time, and an end that is clean."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app import Operator, open_database
from bot.events import MessageReceived
from bot.settings import Settings
from storage import faq
from storage.groups import TAKEN, Group
from storage.inbox import Interaction
from tests.model.server import ModelServer, Told, choice
from tests.stage import WatchedChannel


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_question_is_met_within_fifteen_seconds(tmp_path: Path, server: ModelServer, is_slow: bool) -> None:
    server.tell = lambda request: Told(choice("faq:postage"), wait=60 if is_slow else 0)
    settings = Settings(
        home=tmp_path, demo=False, model_key="k", model_base_url=server.base_url, model_timeout_seconds=2.0, _env_file=None
    )  # type: ignore[call-arg]
    open_database(settings)
    channel = WatchedChannel()
    begun = time.monotonic()

    async def run() -> float:
        operator = Operator(settings, channels=[channel])  # type: ignore[list-item]
        with operator.database.write() as session:
            session.add(Group(
                id="stage:g", channel="stage", code="g", name="g", created_at=datetime.now(UTC), account_id="stage",
                management=TAKEN,
            ))
            values = {"id": "postage", "question": "运费怎么算？", "answer": "满39元包邮。", "is_enabled": True}
            faq.save(session, values | {"phrasings": ["要邮费吗", "包邮吗"]}, datetime.now(UTC))
            faq.save(session, values | {"id": "cod", "question": "可以货到付款吗？", "answer": "不支持。"}, datetime.now(UTC))
        await operator.start()
        asked = time.monotonic()
        await operator.dispatcher.receive(
            MessageReceived(
                key="s:1", lane="stage:g", occurred_at=datetime.now(UTC), channel="stage", conversation="stage:g",
                group_id="stage:g", member_id="stage:小王", member_name="小王", text="拿来不用付运费的话要凑多少", is_to_us=True,
            )
        )
        for _ in range(280):
            if channel.said:
                break
            await asyncio.sleep(0.05)
        took = time.monotonic() - asked
        with operator.database.read() as session:
            assert session.query(Interaction).order_by(Interaction.id).first().outcome == "asked_model"
        await operator.stop()
        return took

    took = asyncio.run(run())
    said = channel.said[0][1]
    assert took < 14
    assert ("转给同事" in said) if is_slow else (said == "满39元包邮。")
    assert time.monotonic() - begun < 40
