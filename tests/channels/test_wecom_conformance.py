"""WeCom passes what every channel must: whole in 微信客服, and as far as staff members speak for us in customer groups."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

from bot.channels.base import Channel
from bot.channels.wecom import WecomChannel
from bot.outbox import Conversation
from bot.settings import Settings
from tests.channels.conformance import Conformance, FarSide
from tests.channels.road import Road
from tests.channels.wecom_place import KF, QUICK
from tests.channels.wecom_server import CORP_ID, KEY, SECRET, TOKEN, WecomServer, xml_of

USERS = {"小王": "wm_wang", "李四": "wm_li"}


class KfFarSide(FarSide):
    """Customers who write to 微信客服; who joins and leaves does so in a customer group."""

    here = Conversation(f"wecom:kf:{KF}:wm_wang", "wecom", None, "wecom:wm_wang")
    most_said = 5  # in a row, after each word of the customer

    async def open(self) -> Channel:
        self.server = await asyncio.to_thread(WecomServer)
        self.group = self.server.corp.group("团购群")
        self.ids: dict[str, str] = {}
        settings = Settings(
            home=self.road.settings.home, wecom_corp_id=CORP_ID, wecom_secret=SECRET, wecom_agent_id=1000002,
            wecom_staff="aming", wecom_callback_token=TOKEN, wecom_callback_key=KEY, wecom_kf_id=KF,
            wecom_api=self.server.address, _env_file=None,  # type: ignore[call-arg]
        )
        self.channel = WecomChannel("wecom", settings, self.road.now, self.road.database, QUICK)
        return self.channel

    async def close(self) -> None:
        await self.channel.close()
        await asyncio.to_thread(self.server.close)

    async def say(self, who: str, text: str, token: str = "") -> None:
        corp = self.server.corp
        if token and token in self.ids:
            corp.kf_messages.append(next(one for one in corp.kf_messages if one["msgid"] == self.ids[token]))
        else:
            self.ids[token] = corp.write(KF, USERS[who], text)
        await self._call_back("kf_msg_or_event", Token=corp.kf_token, OpenKfId=KF)

    async def join(self, who: str) -> None:
        self.ids[who] = self.server.corp.join(self.group, who).user_id
        await self._changed("add_member", self.ids[who])

    async def leave(self, who: str) -> None:
        del self.group.people[self.ids[who]]
        await self._changed("del_member", self.ids[who])

    async def _changed(self, detail: str, user_id: str) -> None:
        await self._call_back(
            "change_external_chat", ChatId=self.group.chat_id, ChangeType="update", UpdateDetail=detail, JoinScene=1,
            QuitScene=0, MemChangeCnt=1, MemChangeList=[user_id],
        )

    async def _call_back(self, event: str, **fields: str | int | list[str]) -> None:
        query, body = self.server.sealed(xml_of(event, **fields))
        if not await self.channel.take(query, body.encode()):
            raise ConnectionError("the callback was refused")

    async def seen(self) -> list[str]:
        return [one.get("text", {}).get("content", one["msgtype"]) for one in self.server.corp.kf_said]

    async def break_line(self) -> None:
        await asyncio.to_thread(self.server.close)

    async def mend_line(self) -> None:
        await asyncio.to_thread(self.server.open)


NOT_HEARD = "WeCom tells no program what is said in a customer group"


class GroupFarSide(KfFarSide):
    """A customer group: its owner gets our words to send."""

    hands_over = True
    cannot: ClassVar = dict.fromkeys(
        ("order_heard", "duplicates", "reconnect", "capabilities_heard", "events", "start_and_stop_twice", "silence_after_stop"),
        NOT_HEARD,
    )

    @property
    def here(self) -> Conversation:  # type: ignore[override]
        own = f"wecom:{self.group.chat_id}"
        return Conversation(own, "wecom", own)

    async def begin(self) -> None:
        await self.road.until(lambda: bool(self.road.log("GroupFound")), "the group was not found")

    async def seen(self) -> list[str]:
        return [one["text"]["content"] for one in self.server.corp.told if one["msgtype"] == "text"]


class TestKf(Conformance):
    @pytest.fixture
    def far(self, road: Road) -> FarSide:
        return KfFarSide(road)


class TestGroup(Conformance):
    @pytest.fixture
    def far(self, road: Road) -> FarSide:
        return GroupFarSide(road)
