"""Calls to WeCom: a token that runs out in mid-call, limits, errors in plain words, a network that breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.channels.wecom.api import Api
from bot.channels.wecom.errors import WORDS, ApiError, Limited, Unreachable, explain
from tests.channels.wecom_place import KF, QUICK, Shop
from tests.channels.wecom_server import CORP_ID, SECRET, WecomServer

PATH = "externalcontact/groupchat/list"


def run(server: WecomServer, play: Callable[[Api], Any], secret: str = SECRET) -> Any:
    async def scene() -> Any:
        api = Api(server.address, CORP_ID, secret, QUICK)
        try:
            return await play(api)
        finally:
            await api.close()

    return asyncio.run(scene())


def test_one_token_serves_everybody_and_a_stale_one_is_renewed_once(wecom_server: WecomServer) -> None:
    async def play(api: Api) -> None:
        await asyncio.gather(*(api.call(PATH, {"limit": 10}) for _ in range(20)))
        assert wecom_server.tokens_given == 1
        wecom_server.expire_token()
        answers = await asyncio.gather(*(api.call(PATH, {"limit": 10}) for _ in range(20)))
        assert [one["errcode"] for one in answers] == [0] * 20
        assert wecom_server.tokens_given == 2
        assert api.tally.tokens == 2

    run(wecom_server, play)


def test_a_token_refused_twice_is_an_error_and_no_endless_round(wecom_server: WecomServer) -> None:
    async def play(api: Api) -> None:
        wecom_server.refuse(PATH, 40014, 40014)
        with pytest.raises(ApiError) as refused:
            await api.call(PATH, {"limit": 10})
        assert refused.value.code == 40014
        assert wecom_server.count(f"{PATH}!40014") == 2

    run(wecom_server, play)


def test_a_limit_is_respected_without_asking_again(wecom_server: WecomServer) -> None:
    async def play(api: Api) -> None:
        wecom_server.limit(PATH, 0.25)
        with pytest.raises(Limited) as first:
            await api.call(PATH, {"limit": 10})
        for _ in range(50):
            with pytest.raises(Limited):
                await api.call(PATH, {"limit": 10})
        assert wecom_server.count(f"{PATH}!45009") == 1
        await asyncio.sleep(first.value.after + 0.05)
        assert (await api.call(PATH, {"limit": 10}))["errcode"] == 0

    run(wecom_server, play)


@pytest.mark.parametrize("code", [45033, -1])
def test_too_many_at_once_is_tried_again_at_once(wecom_server: WecomServer, code: int) -> None:
    async def play(api: Api) -> None:
        wecom_server.refuse(PATH, code, code)
        assert (await api.call(PATH, {"limit": 10}))["errcode"] == 0
        wecom_server.refuse(PATH, *[code] * 4)
        with pytest.raises(Limited):
            await api.call(PATH, {"limit": 10})

    run(wecom_server, play)


def test_errors_speak_both_languages(wecom_server: WecomServer) -> None:
    async def play(api: Api) -> None:
        with pytest.raises(ApiError, match=r"Secret 不对.*the secret is wrong.*40001"):
            await api.token()

    run(wecom_server, play, secret="wrong")
    assert all((chinese and english.isascii()) or "微信客服" in english for chinese, english in WORDS.values())
    assert explain(12345, "en") == "WeCom answered with error 12345"


def test_a_network_that_breaks_says_whether_the_call_may_have_arrived(wecom_server: WecomServer) -> None:
    async def play(api: Api) -> None:
        await api.token()
        wecom_server.break_off(PATH)
        with pytest.raises(Unreachable) as broken:
            await api.call(PATH, {"limit": 10})
        assert broken.value.is_sent
        wecom_server.close()
        with pytest.raises(Unreachable) as gone:
            await api.call(PATH, {"limit": 10})
        assert not gone.value.is_sent

    run(wecom_server, play)


def test_the_account_says_how_it_stands(wecom_server: WecomServer, make_wecom_shop: Callable[..., Shop]) -> None:
    shop = make_wecom_shop()
    shop.until(lambda: shop.channel.standing.link == "connected")
    wecom_server.refuse(PATH, 60020)
    shop.shut()
    shop.open()
    shop.until(lambda: shop.channel.standing.link == "refused")
    assert "可信 IP" in shop.channel.standing.detail
    shop.until(lambda: shop.channel.standing.link == "connected")


def test_a_token_that_runs_out_in_the_middle_of_a_conversation_loses_nothing(
    wecom_server: WecomServer, wecom_shop: Shop
) -> None:
    corp = wecom_server.corp
    corp.page = 3
    wecom_shop.calm()
    for number in range(10):
        corp.write(KF, "wm_xiaowang", f"第{number}句")
        if number % 3 == 0:
            wecom_server.expire_token()
        wecom_server.kf_written(KF)
    wecom_shop.calm()
    assert [row.text for row in wecom_shop.log()] == [f"第{number}句" for number in range(10)]
