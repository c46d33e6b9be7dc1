"""The console in front of a WeCom account: codes to join by, the welcome, and what a group's owner must send."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from bot.outbox import POST, Text
from storage.operators import Operator
from tests.channels.wecom_place import Shop
from tests.channels.wecom_server import WecomServer
from tests.console.conftest import HASH, Browser


class Desk(Browser):
    """A browser that goes through the shop's real server."""

    def __init__(self, shop: Shop) -> None:
        self.client = httpx.Client(  # type: ignore[assignment]
            base_url=f"http://{shop.host}", follow_redirects=True, timeout=20, headers={"accept-language": "zh"}
        )
        self.page = ""


@pytest.fixture
def desk(wecom_shop: Shop) -> Iterator[Desk]:
    with wecom_shop.database.write() as session:
        values = {"role": "manager", "password_hash": HASH, "must_change_password": False}
        session.add(Operator(name="周姐", created_at=wecom_shop.operator.now(), **values))
    desk = Desk(wecom_shop)
    desk.sign_in("周姐")
    yield desk
    desk.client.close()


def test_a_code_to_join_by_and_a_welcome_are_made_in_the_console(
    wecom_shop: Shop, wecom_server: WecomServer, desk: Desk
) -> None:
    group = wecom_server.corp.group("水果群")
    wecom_server.chat_changed(group.chat_id, "create")
    wecom_shop.until(lambda: "水果群" in desk.get("/inviting/wecom").text)
    own = f"wecom:{group.chat_id}"
    assert "入群码和欢迎语" in desk.get("/channels/wecom").text
    desk.get("/inviting/wecom")
    assert desk.post("/inviting/wecom/way", {"state": "有空 格", "groups": own}).status_code == 422
    assert desk.post("/inviting/wecom/way", {"state": "poster1", "groups": "wecom:wrong"}).status_code == 404
    desk.get("/inviting/wecom")
    made = desk.post("/inviting/wecom/way", {"state": "poster1", "name": "水果群", "groups": own})
    (way,) = wecom_server.corp.ways.values()
    assert (way["state"], way["chat_id_list"], way["room_base_name"]) == ("poster1", [group.chat_id], "水果群")
    assert way["qr_code"] in made.text
    assert desk.post("/inviting/wecom/welcome", {"text": "欢迎 %NICKNAME%", "url": "javascript:x"}).status_code == 422
    desk.post("/inviting/wecom/welcome", {"text": "欢迎 %NICKNAME%", "title": "本周水果", "url": "https://shop.example/w"})
    (welcome,) = wecom_server.corp.welcomes.values()
    assert (welcome["text"]["content"], welcome["link"]["title"]) == ("欢迎 %NICKNAME%", "本周水果")
    assert "欢迎 %NICKNAME%" in desk.get("/inviting/wecom").text
    wecom_server.refuse("externalcontact/groupchat/add_join_way", 48002)
    refused = desk.post("/inviting/wecom/way", {"state": "poster2", "groups": own})
    assert (refused.status_code, "可调用接口的应用" in refused.text) == (422, True)
    assert desk.get("/inviting/web").status_code == 404


def test_a_groups_owner_is_reminded_from_the_console(wecom_shop: Shop, wecom_server: WecomServer, desk: Desk) -> None:
    group = wecom_server.corp.group("水果群")
    wecom_server.chat_changed(group.chat_id, "create")
    wecom_shop.until(lambda: "水果群" in desk.get("/inviting/wecom").text)
    row_id = wecom_shop.say(wecom_shop.group_of(group.chat_id), Text("周末有樱桃"), POST)
    wecom_shop.becomes(row_id, "held")
    page = desk.get("/channels/wecom").text
    assert ("等群主在企业微信确认" in page, "提醒群主" in page, "可以发" in page) == (True, True, False)
    wecom_shop.ahead = timedelta(minutes=20)
    desk.post(f"/today/sayings/{row_id}/remind")
    (task,) = wecom_server.corp.tasks.values()
    wecom_shop.until(lambda: task.reminders)
    wecom_shop.becomes(row_id, "held")
    wecom_server.corp.confirm(task)
    wecom_shop.becomes(row_id, "sent")
    assert len(wecom_server.corp.tasks) == 1
