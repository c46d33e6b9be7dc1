"""`tuan operator`: adds who may sign in to the console, and helps who forgot the password."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bot.commands.opening import Home, load_settings, opened
from bot.commands.speech import say, stop, tell

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

operator = typer.Typer(no_args_is_help=True, help=tell("后台账号", "who may sign in to the console"))
NAME = re.compile(r"[^\s:/\\<>]{2,60}")  # as the console's own form has it

Name = Annotated[str, typer.Argument(help=tell("登录名", "the name to sign in with"))]


class Role(StrEnum):
    """What an operator may do."""

    ADMIN = "admin"
    MANAGER = "manager"
    VIEWER = "viewer"


@operator.command("add", help=tell("新增，并给一次性密码", "add one; prints a one-time password"))
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help=tell("角色", "the role"))] = Role.MANAGER,
    home: Home = None,
) -> None:
    from bot.app import wall_clock
    from bot.console.passwords import hash_password, one_time_password
    from storage import operators

    if not NAME.fullmatch(name):
        stop(
            "名字要 2 到 60 个字，不含空格和 : / \\ < >",
            "a name has 2 to 60 characters, without spaces and : / \\ < >",
        )
    password = one_time_password()
    hashed, now = hash_password(password), wall_clock()
    with opened(load_settings(home)) as database, database.write() as session:
        if operators.find_by_name(session, name) is not None:
            stop(f"已经有「{name}」了", f"there is an operator {name} already")
        session.add(
            operators.Operator(
                name=name, role=role.value, password_hash=hashed, must_change_password=True, is_active=True,
                created_at=now,
            )
        )  # fmt: skip
        _record(session, now, "operator.create", name)
    _tell(name, password)


@operator.command("reset-password", help=tell("重设密码，并退出所有浏览器", "a new one-time password; signs them out"))
def reset_password(name: Name, home: Home = None) -> None:
    from bot.app import wall_clock
    from bot.console.passwords import hash_password, one_time_password
    from storage import operators

    password = one_time_password()
    hashed, now = hash_password(password), wall_clock()
    with opened(load_settings(home)) as database, database.write() as session:
        row = operators.find_by_name(session, name)
        if row is None:
            _unknown(name, [one.name for one in operators.find_all(session)])
        row.password_hash, row.must_change_password = hashed, True
        operators.revoke_sessions(session, row.id, now)
        _record(session, now, "operator.reset_password", name)
    _tell(name, password)


def _unknown(name: str, known: list[str]) -> NoReturn:
    stop(
        f"没有「{name}」。有：{'、'.join(known)}",
        f"there is no operator {name}. There are: {', '.join(known)}",
    )


def _record(session: Session, now: datetime, action: str, name: str) -> None:
    from storage import audit

    audit.record(session, at=now, operator_id=None, operator_name="tuan", action=action, subject=f"operator:{name}")


def _tell(name: str, password: str) -> None:
    say(
        f"{name} 的一次性密码：{password}（首次登录时要改）",
        f"one-time password of {name}: {password} (to be changed at the first sign-in)",
    )
