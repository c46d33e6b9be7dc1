"""Who is let in: nicknames, tokens, origins, and how many sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from bot.channels.web import visit
from tests.web.place import Place


@pytest.mark.parametrize(
    ("nickname", "code"),
    [("", "bad_nickname"), ("\u200b\u202e ", "bad_nickname"), ("小团", "name_reserved"), ("小 团 客服", "name_reserved")],
)
def test_a_nickname_must_be_seen_and_not_be_ours(place: Place, nickname: str, code: str) -> None:
    place.group()

    async def scene() -> None:
        stranger = place.member(nickname)
        await stranger.open()
        assert (await stranger.hear("error"))["code"] == code
        await stranger.send({"type": "hello", "nickname": "小王"})
        await stranger.hear("welcome")
        await stranger.socket.close()

    asyncio.run(scene())


@pytest.mark.parametrize("token", ["", "nonsense", "IndlYjptX2EiCg.AAAA", "x" * 400])
def test_a_forged_token_is_refused_and_a_nickname_still_works(place: Place, token: str) -> None:
    place.group()

    async def scene() -> None:
        stranger = place.member(token=token)
        await stranger.open()
        assert (await stranger.hear("error"))["code"] == "bad_token"
        await stranger.send({"type": "hello", "nickname": "小王"})
        await stranger.hear("welcome")
        await stranger.socket.close()

    asyncio.run(scene())


def test_an_unknown_or_closed_group_says_so(place: Place) -> None:
    async def scene() -> None:
        stranger = place.member("小王", code="nowhere")
        await stranger.open()
        assert await stranger.closed() == 4404
        assert stranger.frames[0]["code"] == "unknown_group"

    asyncio.run(scene())


def test_one_member_opens_only_so_many_sockets(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang:
            token = wang.welcome["token"]
            more = [place.member(token=token) for _ in range(visit.MAX_SOCKETS - 1)]
            await asyncio.gather(*(one.__aenter__() for one in more))
            last = place.member(token=token)
            await last.open()
            assert await last.closed() == 4429
            assert last.frames[0]["code"] == "too_many_sockets"
            await asyncio.gather(*(one.__aexit__() for one in more))
            await asyncio.sleep(0.2)
            async with place.member(token=token) as again:
                assert again.welcome["you"] == wang.welcome["you"]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("origin", "is_let_in"),
    [(None, True), ("http://{host}", True), ("https://friend.example", True), ("https://evil.example", False),
     ("null", False), ("http://{host}.evil.example", False), ("file://", False)],
)
def test_only_our_own_pages_and_programs_may_open_a_socket(
    make_place: Callable[..., Place], origin: str | None, is_let_in: bool
) -> None:
    place = make_place(allowed_origins="https://friend.example/")
    place.group()

    async def scene() -> None:
        options: dict[str, Any] = {} if origin is None else {"origin": origin.replace("{host}", place.host)}
        stranger = place.member("小王")
        if is_let_in:
            await stranger.open(**options)
            await stranger.hear("welcome")
            await stranger.socket.close()
        else:
            with pytest.raises(InvalidStatus) as refused:
                await stranger.open(**options)
            assert refused.value.response.status_code == 403

    asyncio.run(scene())
