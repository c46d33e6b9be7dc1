"""The code WeCom makes for a link: asked for once it is said, tried again when the network makes none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.jobs import JoinWayWanted
from bot.joining import Joining
from storage import jobs
from tests.stage import Stage


class Network:
    """A network that makes codes, once its trouble is over."""

    def __init__(self, *troubles: str) -> None:
        self.troubles = list(troubles)
        self.made: dict[str, Sequence[str]] = {}

    async def invite(self, state: str, group_ids: Sequence[str], name: str) -> str:
        if self.troubles:
            return self.troubles.pop(0)
        self.made[state] = group_ids
        return ""


def asks_in_wecom(stage: Stage) -> None:
    message = stage.message("小王", "我的链接")
    values = {name: getattr(message, name) for name in message.__dataclass_fields__}
    here = "wecom:wr1"
    values |= {"channel": "wecom", "group_id": here, "conversation": here, "lane": here, "member_id": "wecom:wm1"}
    stage.hear(type(message)(**values))


@pytest.mark.parametrize("troubles", [(), ("40001 invalid credential",)])
def test_the_code_is_made_for_the_group_with_the_links_code_as_its_state(stage: Stage, troubles: tuple[str, ...]) -> None:
    network = Network(*troubles)
    stage.work[JoinWayWanted] = Joining({"wecom": network}).make_way
    asks_in_wecom(stage)
    stage.settle()
    assert bool(network.made) is not bool(troubles)
    stage.pass_time(5)
    ((state, group_ids),) = network.made.items()
    assert (len(state), group_ids) == (8, ["wecom:wr1"])


def test_an_account_that_is_gone_makes_none_and_stops_nothing(stage: Stage) -> None:
    stage.work[JoinWayWanted] = Joining({}).make_way
    asks_in_wecom(stage)
    stage.settle()
    with stage.database.read() as session:
        assert [row.state for row in session.query(jobs.Job).filter_by(kind="JoinWayWanted")] == ["done"]
