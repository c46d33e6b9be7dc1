"""What these scenes share: posts to say, and accounts with budgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.channels.base import Allowance
from bot.outbox import POST, Conversation, Outbox, Text
from content.render import Words
from storage import accounts, groups, outbox
from tests.stage import EVERYTHING, Stage, WatchedChannel

HOUR = 3600
Limited = Callable[..., Stage]


@pytest.fixture
def limited(make_stage: Callable[..., Stage]) -> Limited:
    """A stage whose channel has these allowances, as (whose, seconds, count)."""

    def make(*allowances: tuple[str, int, int], **more: Any) -> Stage:
        able = replace(EVERYTHING, allowances=tuple(Allowance(*one) for one in allowances), **more)
        stage: Stage = make_stage(capabilities=able)
        with stage.database.write() as session:
            accounts.keep(session, [("stage", "stage")], stage.time)
        return stage

    return make


def put(stage: Stage, *texts: str, group: str = "g", priority: int = POST, account: str = "stage") -> None:
    """Sayings of our own accord into a group, which is made where it is missing."""
    with stage.database.write() as session:
        group_id = f"stage:{group}"
        row = {
            "id": group_id, "channel": "stage", "code": group, "name": group, "topic": "", "language": "zh",
            "speaks": "confident", "is_welcoming": True, "created_at": stage.time, "account_id": account,
            "management": "taken", "is_paused": False,
        }
        groups.insert_once(session, [row])
        box = Outbox(Words(), stage.time, "posts")
        for text in texts:
            box.put(Conversation(group_id, "stage", group_id), Text(text), priority=priority)
        outbox.insert_all(session, [one | {"account_id": account} for one in box.rows])


def second_account(stage: Stage) -> WatchedChannel:
    """Another login on the same channel."""
    other = WatchedChannel(stage.channel.capabilities, "stage-2")
    stage.channels["stage-2"] = other
    stage.parts.has_more_accounts = lambda channel: True
    with stage.database.write() as session:
        accounts.keep(session, [("stage-2", "stage")], stage.time)
    return other


def states(stage: Stage) -> list[str]:
    return [row.state for row in stage.outbox()]


def texts(stage: Stage) -> list[str]:
    return [text for _, text in stage.channel.said]
