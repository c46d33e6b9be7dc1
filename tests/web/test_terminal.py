"""Talking in the terminal: in a group of a running operator, and alone with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import Operator, open_database
from bot.channels.base import Outgoing
from bot.channels.terminal import CannotTalk, TerminalChannel, plain, talk, words_of
from bot.outbox import Conversation
from bot.settings import Settings
from tests.web.place import Place


async def typed(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


def test_a_script_says_lines_and_waits_for_answers(place: Place) -> None:
    place.group()
    shown: list[str] = []
    asyncio.run(talk(f"http://{place.host}", "garden", "小王", typed("菜单", "大家好"), shown.append, is_waiting=True,
                     patience_seconds=1))
    assert shown[0] == "— 花园团 · 小王 —"
    assert shown[1].startswith("小团: 小团能帮您")
    assert "转人工" in shown[1].splitlines()[-1]
    assert [row.text for row in place.log()] == ["菜单", "大家好"]


def test_private_lines_stay_private(place: Place) -> None:
    place.group()
    shown: list[str] = []
    asyncio.run(talk(f"http://{place.host}", "garden", "小王", typed("菜单"), shown.append, is_private=True,
                     is_waiting=True))
    assert shown[1].startswith("小团: ")
    assert place.log()[0].group_id is None


def test_others_are_heard_while_we_type(place: Place) -> None:
    place.group()
    shown: list[str] = []

    async def scene() -> None:
        heard = asyncio.Event()

        def show(words: str) -> None:
            shown.append(words)
            if words.startswith("李四: "):
                heard.set()

        async def lines() -> AsyncIterator[str]:
            async with place.member("李四") as li:
                await li.says("你好\x1b[2J小王")
                await heard.wait()
                yield "看到了"

        await talk(f"http://{place.host}", "garden", "小王", lines(), show)

    asyncio.run(scene())
    assert "李四: 你好[2J小王" in shown
    assert place.log()[-1].text == "看到了"


def test_no_operator_and_no_group_are_told_apart(place: Place) -> None:
    with pytest.raises(CannotTalk) as unknown:
        asyncio.run(talk(f"http://{place.host}", "nowhere", "小王", typed(), print))
    assert unknown.value.code == "unknown_group"
    with pytest.raises(CannotTalk) as unreachable:
        asyncio.run(talk("http://127.0.0.1:1", "garden", "小王", typed(), print))
    assert unreachable.value.code == "unreachable"


def test_without_a_server_we_talk_in_this_process(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, demo=False, _env_file=None)
    open_database(settings)
    shown: list[str] = []

    async def scene() -> None:
        here = Operator(settings).now
        channel = TerminalChannel(shown.append, here, "小王", settings.bot_name)
        operator = Operator(settings, channels=(channel,))
        await operator.start()
        await channel.talk(typed("菜单", "随便聊聊"), 0.5)
        stranger = Outgoing(1, "tuan-1", Conversation("web:p:x", "terminal"), "text", "x", {}, None, None)
        with pytest.raises(Exception, match="nobody"):
            await channel.send(stranger)
        await operator.stop()

    asyncio.run(scene())
    assert shown[0].startswith("小团: 小团能帮您")


def test_a_terminal_obeys_nothing_others_write() -> None:
    assert plain("\x1b]0;owned\x07a\u202eb\nc") == "]0;ownedab\nc"
    frame = {"type": "joined", "member": {"id": "x", "name": "小\x1b[31m王"}}
    assert words_of(frame) == "+ 小[31m王"
