"""`tuan key`: makes, lists and revokes keys of the API."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.commands.opening import Home, load_settings, opened
from bot.commands.speech import say, stop, tell

key = typer.Typer(no_args_is_help=True, help=tell("API 密钥", "keys of the API"))


@key.command("create", help=tell("新增一个密钥，只显示这一次", "make a key; shown this once"))
def create(
    name: Annotated[str, typer.Argument(help=tell("给谁用", "who it is for"))],
    scopes: Annotated[list[str], typer.Argument(help=tell("权限，如 orders:read", "scopes, like orders:read"))],
    home: Home = None,
) -> None:
    from bot.app import wall_clock
    from storage import api_keys, audit

    now = wall_clock()
    if not set(scopes) <= set(api_keys.SCOPES):
        stop(f"权限只有：{' '.join(api_keys.SCOPES)}", f"scopes are: {' '.join(api_keys.SCOPES)}")
    with opened(load_settings(home)) as database, database.write() as session:
        made = api_keys.create(session, name, scopes, now)
        audit.record(session, at=now, operator_id=None, operator_name="tuan", action="key.create", subject=f"key:{name[:60]}")
    say(f"{name} 的密钥：{made}", f"key of {name}: {made}")


@key.command("list", help=tell("所有密钥", "all keys"))
def list_all(home: Home = None) -> None:
    from storage import api_keys

    with opened(load_settings(home)) as database, database.read() as session:
        for row in api_keys.find_all(session):
            used = row.used_at.isoformat(" ", "minutes") if row.used_at else tell("没用过", "never used")
            ended = tell("已停用", "revoked") if row.revoked_at else used
            typer.echo(f"{row.id}\t{row.name}\t{row.scopes}\t{ended}")


@key.command("revoke", help=tell("停用一个密钥", "a key opens nothing any more"))
def revoke(key_id: Annotated[int, typer.Argument(help=tell("编号", "its number"))], home: Home = None) -> None:
    from bot.app import wall_clock
    from storage import api_keys, audit

    now = wall_clock()
    with opened(load_settings(home)) as database, database.write() as session:
        if not api_keys.revoke(session, key_id, now):
            stop(f"没有在用的密钥 {key_id}", f"there is no key {key_id} in use")
        audit.record(session, at=now, operator_id=None, operator_name="tuan", action="key.revoke", subject=f"key:{key_id}")
    say(f"密钥 {key_id} 已停用", f"key {key_id} is revoked")
