"""`tuan doctor`: looks at what the operator needs, and says how to mend what is wrong."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import typer

from bot.commands.faults import explain
from bot.commands.opening import AsJson, Home, is_running, load_settings
from bot.commands.speech import say, tell

if TYPE_CHECKING:
    from bot.settings import Settings

OK, WARN, WRONG = "ok", "warn", "wrong"
LITTLE_MB, TOO_LITTLE_MB = 1_000, 100
OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 35, 0)  # RETURNING


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its state, what it is, and what to do when it is not well."""

    state: str
    what: str
    mend: str = ""


def doctor(as_json: AsJson = False, home: Home = None) -> None:
    """Exit code 0 when nothing is wrong, 1 otherwise."""
    found = list(_look(home))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        for one in found:
            typer.echo(f"{_MARKS[one.state]} {one.what}" + (f"\n     → {one.mend}" if one.mend else ""))
        if all(one.state != WRONG for one in found):
            say("可以运行。", "It can run.")
    if any(one.state == WRONG for one in found):
        raise typer.Exit(1)


_MARKS = {OK: "[ok]  ", WARN: "[warn]", WRONG: "[wrong]"}


def _look(home: Home) -> Iterator[Finding]:
    yield _python()
    yield _sqlite()
    try:
        settings = load_settings(home)
    except Exception as error:
        yield Finding(WRONG, tell("设置", "settings"), explain(error)[0])
        return
    yield _folder(settings)
    yield _room(settings)
    yield _port(settings)
    yield _database(settings)
    yield from _channels(settings)


def _python() -> Finding:
    what = f"Python {sys.version.split()[0]}"
    if tuple(sys.version_info) >= OLDEST_PYTHON:
        return Finding(OK, what)
    return Finding(WRONG, what, tell("需要 3.11 或更新", "3.11 or newer is needed"))


def _sqlite() -> Finding:
    what = f"SQLite {sqlite3.sqlite_version}, FTS5"
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("create virtual table probe using fts5(grams)")
    except sqlite3.OperationalError:
        return Finding(
            WRONG,
            what,
            tell(
                "这个 SQLite 没有 FTS5 全文检索，请换一个 Python",
                "this SQLite has no FTS5; use another Python",
            ),
        )
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        return Finding(WRONG, what, tell("需要 3.35 或更新", "3.35 or newer is needed"))
    return Finding(OK, what)


def _folder(settings: Settings) -> Finding:
    what = tell(f"数据目录 {settings.home}", f"data folder {settings.home}")
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=settings.home, prefix=".doctor-") as probe:
            probe.write(b"probe")
            probe.flush()
    except OSError as error:
        mend = tell(
            f"不能写入（{error.strerror}）：改权限，或用 TUAN_HOME 换一个",
            f"cannot be written ({error.strerror}): change its permissions, or choose another with TUAN_HOME",
        )
        return Finding(WRONG, what, mend)
    return Finding(OK, what)


def _room(settings: Settings) -> Finding:
    folder = settings.home if settings.home.exists() else settings.home.anchor
    free = shutil.disk_usage(folder).free // 1024**2
    what = tell(f"磁盘剩余 {free} MB", f"{free} MB free on the disk")
    mend = tell("请腾出空间：磁盘满了就不能再收消息", "make room: with a full disk no message can be kept")
    if free < TOO_LITTLE_MB:
        return Finding(WRONG, what, mend)
    return Finding(WARN, what, mend) if free < LITTLE_MB else Finding(OK, what)


def _port(settings: Settings) -> Finding:
    what = tell(f"端口 {settings.host}:{settings.port}", f"port {settings.host}:{settings.port}")
    with closing(socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if is_running(settings):
                return Finding(OK, what + tell("：团长正在运行", ": Tuanzhang is running there"))
            mend = tell(
                f"用不了（{error.strerror}）：用 TUAN_PORT 换一个",
                f"cannot be used ({error.strerror}): choose another with TUAN_PORT",
            )
            return Finding(WRONG, what, mend)
    return Finding(OK, what + tell(" 空闲", " is free"))


def _database(settings: Settings) -> Finding:
    from storage import migrate
    from storage.database import Database

    database = Database(settings.database)
    what = tell("数据库", "database") + f" {database.url.render_as_string(hide_password=True)}"
    try:
        if database.path is not None and not database.path.exists():
            return Finding(OK, what + tell("：首次启动时创建", ": made at the first start"))
        with database.reader.connect() as connection:
            revision = migrate.revision(connection)
    except Exception as error:
        return Finding(WRONG, what, explain(error)[0])
    finally:
        database.close()
    if revision is None or revision in migrate.known_revisions():
        is_newest = revision == migrate.newest_revision()
        return Finding(OK, what + ("" if is_newest else tell("：下次启动时升级", ": upgraded at the next start")))
    return Finding(WRONG, what, explain(migrate.NewerDatabase(revision))[0])


def _channels(settings: Settings) -> Iterator[Finding]:
    """The settings of each channel that somebody began to connect; their values are never told."""
    from bot.channels import setups

    for one in setups.look(settings):
        what = tell("渠道", "channel") + f" {one.setup.account}"
        if not one.is_begun:
            yield Finding(OK, what + tell("：没有设置，不用", ": not set up, not used"))
        elif one.is_complete:
            yield Finding(OK, what + tell("：设置齐了", ": set up"))
        else:
            names, page = ", ".join(one.missing), one.setup.page
            yield Finding(WARN, what, tell(f"还缺 {names}，见 {page}", f"missing {names}; see {page}"))
