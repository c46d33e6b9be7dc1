"""`tuan reset-demo`: empties the shop and loads the demo anew; who may sign in stays."""

from __future__ import annotations

from typing import Annotated, NoReturn

import typer

from bot.commands.opening import Home, claimed, load_settings
from bot.commands.speech import say, stop, tell


def reset_demo(
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help=tell("不再询问", "do not ask"))] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help=tell("即使有自己的商品、问答或群", "even over products, FAQ or groups of your own"),
        ),
    ] = False,
    home: Home = None,
) -> None:
    from bot import demo
    from bot.app import wall_clock
    from content.demo import is_only_demo
    from storage import audit, emptying

    settings = load_settings(home)
    with claimed(settings) as database:
        with database.read() as session:
            if not force and not is_only_demo(session):
                _refuse()
        question = tell(
            f"将清空 {settings.home} 里的商品、问答、群、成员和记录，重新载入演示。继续吗？",
            f"This empties products, FAQ, groups, members and log in {settings.home}. Go on?",
        )
        if not is_sure and not typer.confirm(question):
            raise typer.Exit(1)
        with database.write() as session:
            emptying.empty(session)
            audit.record(
                session,
                at=wall_clock(),
                operator_id=None,
                operator_name="tuan",
                action="demo.reset",
                subject="shop",
            )
        demo.load_once(settings, wall_clock)
    say("演示商店已重新载入。", "The demo shop is loaded anew.")


def _refuse() -> NoReturn:
    stop(
        "店里有不属于演示的商品、问答或群。先用 tuan backup 备份，确定要删就加 --force。",
        "the shop holds products, FAQ entries or groups that are not the demo's. Make a tuan backup, and add "
        "--force if they may go.",
    )
