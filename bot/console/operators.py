"""Operators: who may open the console and as what, their one-time passwords, and their signed-in browsers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console.forms import Form, blank, read
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.passwords import hash_password, one_time_password
from bot.console.visit import NotFound, Visit
from storage import operators
from storage.operators import ADMIN, Operator

LIST = "/console/operators"
# What browsers call themselves, the most telling sign first: nearly all of them claim to be Safari too.
BROWSERS = (
    ("MicroMessenger", "WeChat"), ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
ROLES = {"admin": mark("管理员"), "manager": mark("运营"), "viewer": mark("只读")}


class NewOperator(BaseModel):
    """An operator about to be added."""

    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=2, max_length=60, pattern=r"^[^\s:/\\<>]+$")
    ]
    role: Literal["admin", "manager", "viewer"]


class LastAdmin(Exception):
    """Nobody would be left who may do this; undoes the transaction."""


class Taken(Exception):
    """Another operator has this name; undoes the transaction."""


def people(visit: Visit) -> Response:
    return _people(visit, blank(name="", role="manager"))


def create(visit: Visit) -> Response:
    form = read(visit, NewOperator)
    if form.data is None:
        return _people(visit, form, status=422)
    password = one_time_password()
    hashed = hash_password(password)  # slow on purpose, so it is done before the transaction
    try:
        with visit.act("operator.create", f"operator:{form.data.name}", role=form.data.role) as session:
            if operators.find_by_name(session, form.data.name) is not None:
                raise Taken
            session.add(
                Operator(
                    name=form.data.name, role=form.data.role, password_hash=hashed, must_change_password=True,
                    is_active=True, created_at=visit.now,
                )
            )
    except Taken:
        form.refuse("name", visit.translate("这个名字已经有人用了。"))
        return _people(visit, form, status=422)
    return visit.page("operators_password.html", name=form.data.name, password=password)


def change(visit: Visit) -> Response:
    """Another role, or switched on or off; whoever it is has to sign in again."""
    role, is_active = str(visit.form.get("role", "")), visit.form.get("is_active") == "1"
    if role not in ROLES:
        raise NotFound
    operator_id = visit.path("id")
    if operator_id == visit.operator.id:
        return visit.go(LIST, visit.translate("不能改自己的角色或停用自己，请另一位管理员来改。"), is_bad=True)
    try:
        with visit.act("operator.change", f"operator:{operator_id}", role=role, is_active=is_active) as session:
            row = operators.get(session, operator_id)
            _check_admins(session, row, role == ADMIN and is_active)
            row.role, row.is_active = role, is_active
            operators.revoke_sessions(session, row.id, visit.now)
    except LastAdmin:
        return visit.go(LIST, visit.translate("至少要留一位管理员。"), is_bad=True)
    return visit.go(LIST, visit.translate("已保存，对方需要重新登录。"))


def reset_password(visit: Visit) -> Response:
    password = one_time_password()
    hashed = hash_password(password)
    operator_id = visit.path("id")
    with visit.act("operator.reset_password", f"operator:{operator_id}") as session:
        row = operators.get(session, operator_id)
        row.password_hash, row.must_change_password = hashed, True
        operators.revoke_sessions(session, row.id, visit.now)
    return visit.page("operators_password.html", name=row.name, password=password)


def revoke(visit: Visit) -> Response:
    session_id = visit.path("id")
    with visit.act("session.revoke", f"session:{session_id}") as session:
        if not operators.revoke_session(session, session_id, visit.now):
            raise NotFound
    return visit.go(LIST, visit.translate("已退出那个浏览器。"))


def browser_name(told: str) -> str:
    """«Firefox · Windows» out of what a browser tells of itself; its own words when nothing in them is known."""
    names = [next((name for sign, name in signs if sign in told), "") for signs in (BROWSERS, SYSTEMS)]
    return " · ".join(name for name in names if name) or told[:60]


def _check_admins(session: Session, row: Operator, stays_admin: bool) -> None:
    if row.role == ADMIN and not stays_admin and set(operators.lock_admins(session)) <= {row.id}:
        raise LastAdmin


def _people(visit: Visit, form: Form[NewOperator], status: int = 200) -> Response:
    with visit.read() as session:
        everybody = operators.find_all(session)
        browsers = operators.find_sessions(session, visit.now)
    return visit.page(
        "operators.html", status, people=everybody, names={one.id: one.name for one in everybody},
        browsers=[(one, browser_name(one.browser)) for one in browsers], form=form, roles=ROLES, own_session=visit.operator.session_id,
    )


PAGES = (
    get("/operators", people, ADMIN),
    post("/operators", create, ADMIN),
    post("/operators/{id:int}", change, ADMIN),
    post("/operators/{id:int}/password", reset_password, ADMIN),
    post("/operators/sessions/{id:int}/revoke", revoke, ADMIN),
)
