"""Opens what commands work on: the settings with the command line's choices, and an up-to-date database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.speech import stop, tell

if TYPE_CHECKING:
    from bot.settings import Settings
    from storage.database import Database

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help=tell("数据目录（默认 ./data，或 TUAN_HOME）", "data folder (default ./data, or TUAN_HOME)"),
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help=tell("输出 JSON", "print JSON"))]


def load_settings(home: Path | None = None, **chosen: Any) -> Settings:
    """The settings, with what was chosen on the command line before the environment and .env."""
    from bot.settings import Settings

    given = {name: value for name, value in {"home": home, **chosen}.items() if value is not None}
    return Settings(**given)


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database brought to this version; another process may run on it."""
    from storage import migrate
    from storage.database import Database

    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    try:
        migrate.upgrade(database)
        yield database
    finally:
        database.close()


@contextmanager
def claimed(settings: Settings) -> Iterator[Database]:
    """The same, with nobody else on it. Raises DatabaseInUse; on PostgreSQL it looks who is connected."""
    from storage.database import Database

    settings.home.mkdir(parents=True, exist_ok=True)
    guard = Database(settings.database)
    try:
        guard.claim()
        others = guard.count_others()
        if others:
            stop(
                f"还有 {others} 个连接在用这个数据库，请先停掉正在运行的 tuan。",
                f"{others} other connections are on this database; stop the running tuan first.",
            )
        with opened(settings) as database:
            yield database
    finally:
        guard.close()


def is_running(settings: Settings) -> bool:
    """Does a running operator answer on the port?"""
    import json
    from contextlib import closing
    from http.client import HTTPConnection, HTTPException

    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    with closing(HTTPConnection(host, settings.port, timeout=3)) as connection:
        try:
            connection.request("GET", "/healthz")
            return bool(json.loads(connection.getresponse().read(1_000))["service"] == "tuanzhang")
        except (OSError, HTTPException, ValueError, LookupError, TypeError):
            return False
