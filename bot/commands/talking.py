"""`tuan say`: talks as a member, in a running operator's group, or alone with us where none is running."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.opening import Home, is_running, load_settings, opened
from bot.commands.speech import say, stop, tell

if TYPE_CHECKING:
    from bot.app import Operator
    from bot.channels.terminal import TerminalChannel
    from bot.settings import Settings


def talk(
    words: Annotated[
        list[str] | None, typer.Argument(help=tell("要说的话；不写就逐行输入", "what to say; else line by line"))
    ] = None,
    group: Annotated[str | None, typer.Option(help=tell("群（代码）", "the group, by its code"))] = None,
    name: Annotated[str | None, typer.Option(help=tell("昵称", "your nickname"))] = None,
    is_private: Annotated[bool, typer.Option("--private", help=tell("私聊", "in private"))] = False,
    home: Home = None,
) -> None:
    settings = load_settings(home)
    nickname = name or getpass.getuser()
    lines = _given(words) if words else _typed()
    is_script = bool(words) or not sys.stdin.isatty()
    if is_running(settings):
        _in_group(settings, group or _first_group(settings), nickname, lines, is_private, is_script)
    elif group is not None:
        stop(
            "没有正在运行的团长，进不了群。先 tuan run。",
            "no operator is running, so there is no group. Start tuan run.",
        )
    else:
        if not is_script:
            say(
                "没有正在运行的团长，在这里私聊（Ctrl+D 结束）。",
                "No operator is running: a private talk (Ctrl+D ends).",
            )
        _alone(settings, nickname, lines)


async def _given(words: Sequence[str]) -> AsyncIterator[str]:
    for line in words:
        yield line


def _typed() -> AsyncIterator[str]:
    from bot.channels.terminal import typed_lines

    return typed_lines()


def _first_group(settings: Settings) -> str:
    from storage import groups

    with opened(settings) as database, database.read() as session:
        first = groups.find_first(session, "web")
    if first is None:
        stop("还没有群，请先在后台建一个。", "there is no group yet; create one in the console.")
    return first.code


def _in_group(
    settings: Settings, group: str, nickname: str, lines: AsyncIterator[str], is_private: bool, is_script: bool
) -> None:
    from bot.channels.terminal import CannotTalk, talk

    try:
        asyncio.run(
            talk(
                f"http://127.0.0.1:{settings.port}", group, nickname, lines, typer.echo,
                is_private=is_private, is_waiting=is_script,
            )
        )  # fmt: skip
    except CannotTalk as fault:
        stop(f"说不了话：{fault}", f"cannot talk: {fault}")
    except KeyboardInterrupt:
        typer.echo()


def _alone(settings: Settings, nickname: str, lines: AsyncIterator[str]) -> None:
    from bot import logs
    from bot.app import Operator, wall_clock
    from bot.channels.terminal import TerminalChannel
    from bot.commands.running import prepare
    from storage.database import Database

    logs.configure(as_json=settings.log_json)
    settings.home.mkdir(parents=True, exist_ok=True)
    guard = Database(settings.database)
    guard.claim()
    try:
        prepare(settings, has_admin=False)
        channel = TerminalChannel(typer.echo, wall_clock, nickname, settings.bot_name)
        asyncio.run(_converse(Operator(settings, channels=(channel,)), channel, lines))
    except KeyboardInterrupt:
        typer.echo()
    finally:
        guard.close()


async def _converse(operator: Operator, channel: TerminalChannel, lines: AsyncIterator[str]) -> None:
    await operator.start()
    try:
        await channel.talk(lines)
    finally:
        await operator.stop()
