"""The callback's address: WeCom gets in, attackers get 403, and nothing is promised that is not kept."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

import httpx
import pytest

from bot.channels.wecom.crypto import Seal
from storage import wecom
from tests.channels.wecom_place import KF, Shop
from tests.channels.wecom_server import CORP_ID, KEY, TOKEN, WecomServer, xml_of


def waiting(shop: Shop) -> int:
    with shop.database.read() as session:
        return wecom.count_rereads(session, "wecom")


def test_the_address_is_verified_with_the_words_wecom_sealed(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    at, nonce = str(int(time.time())), "n1"
    sealed, signature = Seal(TOKEN, KEY, CORP_ID).close(b"5927318401", at, nonce)
    query = {"msg_signature": signature, "timestamp": at, "nonce": nonce, "echostr": sealed}
    answer = httpx.get(wecom_server.callback_url, params=query)
    assert (answer.status_code, answer.text) == (200, "5927318401")
    for name in query:
        assert httpx.get(wecom_server.callback_url, params=query | {name: "x"}).status_code == 403
        assert httpx.get(wecom_server.callback_url, params={k: v for k, v in query.items() if k != name}).status_code == 403
    assert httpx.get(wecom_server.callback_url).status_code == 403


def test_attackers_get_403_and_nothing_is_kept(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    wecom_shop.calm()
    xml = xml_of("change_external_chat", ChatId="wrforged", ChangeType="update")
    query, body = wecom_server.sealed(xml)
    assert wecom_server.post(query | {"msg_signature": secrets.token_hex(20)}, body) == 403
    assert wecom_server.post({}, body) == 403
    assert wecom_server.post(query, xml) == 403
    assert wecom_server.post(query, body.replace("Encrypt", "Encrypted")) == 403
    assert wecom_server.post(query, "<!DOCTYPE x>" + body) == 403
    assert wecom_server.post(query, b"\x00" * 2_000) == 403
    assert wecom_server.post(query, b"x" * 200_000) == 413
    assert wecom_server.post(query | {"nonce": "n" * 5_000}, body) == 403
    assert wecom_server.post(query | {"timestamp": "９" * 10}, body) == 403
    for away in (-301, -86_400, 400):
        replayed, old = wecom_server.sealed(xml, timestamp=int(time.time()) + away)
        assert wecom_server.post(replayed, old) == 403
    other = wecom_server.callback_url.replace("/wecom/wecom/", "/wecom/else/")
    assert httpx.post(other, params=query, content=body).status_code == 403
    assert waiting(wecom_shop) == 0
    assert wecom_shop.log("MemberJoined") == wecom_shop.log("GroupFound") == []


def test_a_corp_that_is_not_ours_gets_403_though_its_seal_is_right(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    query, body = wecom_server.sealed(xml_of("change_external_chat", ToUserName="ww_other", ChatId="wr1"))
    assert wecom_server.post(query, body) == 403


def test_a_callback_is_taken_once(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    group = wecom_server.corp.group("花园团")
    xml = xml_of("change_external_chat", ChatId=group.chat_id, ChangeType="create")
    query, body = wecom_server.sealed(xml)
    assert wecom_server.post(query, body) == 200
    assert wecom_server.post(query, body) == 403
    wecom_shop.calm()
    assert len(wecom_shop.log("GroupFound")) == 1


def test_the_promise_is_given_only_when_it_is_kept(
    wecom_server: WecomServer, wecom_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = wecom_server.corp.group("花园团")
    wecom_shop.calm()
    xml = xml_of("change_external_chat", ChatId=group.chat_id, ChangeType="create")
    query, body = wecom_server.sealed(xml)
    full = OSError("no space left on device")

    def ask(*_: object, **__: object) -> None:
        raise full

    with monkeypatch.context() as disk:
        disk.setattr(wecom, "ask_reread", ask)
        assert wecom_server.post(query, body) == 503
    assert wecom_server.post(query, body) == 200, "what was not kept may come again as it was"
    wecom_shop.until(lambda: wecom_shop.log("GroupFound"))


def test_events_of_no_interest_and_odd_ones_are_taken_quietly(wecom_server: WecomServer, wecom_shop: Shop) -> None:
    wecom_shop.calm()
    assert wecom_server.call_back("change_external_contact", ChangeType="add_external_contact", UserID="zhoujie") == 200
    assert wecom_server.call_back("change_external_chat", ChatId="../../etc", ChangeType="update") == 200
    assert wecom_server.call_back("kf_msg_or_event", OpenKfId="x" * 300, Token="t") == 200
    assert wecom_server.call_back("template_card_event", TaskId="tuan-draft-1-x", EventKey="sent") == 200
    assert wecom_server.kf_written(KF) == 200
    wecom_shop.calm()
    assert wecom_shop.channel.standing.heard_at is not None


def test_a_callback_key_that_is_none_is_said_and_the_shop_goes_on(
    wecom_server: WecomServer, make_wecom_shop: Callable[..., Shop]
) -> None:
    shop = make_wecom_shop(wecom_callback_key="too-short")
    assert shop.channel.standing.link == "refused"
    assert "43" in shop.channel.standing.detail
    query, body = wecom_server.sealed(xml_of("change_external_chat", ChatId="wr1", ChangeType="create"))
    assert wecom_server.post(query, body) == 403
    assert httpx.get(f"http://{shop.host}/readyz").status_code == 200
