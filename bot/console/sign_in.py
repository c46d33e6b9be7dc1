"""Signing in and out, changing the own password, and the reader's language and theme."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, ValidationInfo, field_validator
from starlette.responses import RedirectResponse, Response

from bot.console import forms, passwords, sessions, throttle
from bot.console.language import LANGUAGES, mark
from bot.console.pages import get, post
from bot.console.visit import LANGUAGE, THEME, THEMES, Visit
from storage import audit, operators
from storage.operators import VIEWER, Operator

YEAR = int(timedelta(days=365).total_seconds())
NOT_THE_SAME = mark("两次输入的新密码不一样")
WRONG_PAIR = mark("名字或密码不对")

Password = Annotated[str, StringConstraints(max_length=passwords.LONGEST)]


class SignInForm(BaseModel):
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]
    password: Password


class PasswordForm(BaseModel):
    old: Password
    new: Annotated[str, Field(min_length=passwords.SHORTEST, max_length=passwords.LONGEST)]
    again: str

    @field_validator("again")
    @classmethod
    def _same(cls, again: str, known: ValidationInfo) -> str:
        if "new" in known.data and again != known.data["new"]:
            raise ValueError(NOT_THE_SAME)
        return again


def show_sign_in(visit: Visit) -> Response:
    if visit.find_operator() is not None:
        return RedirectResponse("/console/today", 303)
    return visit.page("sign_in.html", form=forms.blank())


def sign_in(visit: Visit) -> Response:
    form = forms.read(visit, SignInForm)
    if form.data is None:
        return visit.page("sign_in.html", 422, form=form)
    name, address, now = form.data.name, visit.address, visit.now
    with visit.desk.database.write() as session:
        until = throttle.wait_until(session, name, address, now)
        if until is None:
            # Counted before the password is looked at: a hundred tries at once are a hundred tries.
            operators.add_failure(session, name, address, now)
        operator = operators.find_by_name(session, name)
    if until is not None:
        form.refuse("", _wait(visit, until, now))
        return visit.page("sign_in.html", 429, form=form)
    known = operator if operator is not None and operator.is_active else None
    if not passwords.is_password(form.data.password, known.password_hash if known else None) or known is None:
        with visit.desk.database.write() as session:
            # A name nobody has may be a password in the wrong field: it is not kept here.
            visit.record(session, "sign_in.wrong", f"operator:{name if operator else '?'}")
        form.refuse("", visit.translate(WRONG_PAIR))
        return visit.page("sign_in.html", 401, form=form)
    return _welcome(visit, known, form.data.password)


def _wait(visit: Visit, until: datetime, now: datetime) -> str:
    seconds = max(1, round((until - now).total_seconds()))
    if seconds < 90:
        return visit.translate("密码输错太多次了，请 %(count)s 秒后再试", count=seconds)
    return visit.translate("密码输错太多次了，请 %(count)s 分钟后再试", count=-(-seconds // 60))


def _welcome(visit: Visit, operator: Operator, password: str) -> Response:
    now = visit.now
    fresh = passwords.hash_password(password) if passwords.is_outdated(operator.password_hash) else None
    with visit.desk.database.write() as session:
        operators.forget_failures(session, operator.name, visit.address)
        token = sessions.begin(session, operator.id, visit.request.headers.get("user-agent", ""), now)
        if fresh is not None:
            operators.get(session, operator.id).password_hash = fresh
        audit.record(
            session,
            at=now,
            operator_id=operator.id,
            operator_name=operator.name,
            action="sign_in",
            subject=f"operator:{operator.name}",
            address=visit.address,
        )
    response = visit.go(visit.back())
    visit.set_cookie(response, sessions.COOKIE, token, int(sessions.LASTS.total_seconds()))
    return response


def sign_out(visit: Visit) -> Response:
    with visit.act("sign_out", f"operator:{visit.operator.name}") as session:
        operators.revoke_session(session, visit.operator.session_id, visit.now)
    response = visit.go("/console/sign-in")
    response.delete_cookie(sessions.COOKIE, path="/console")
    return response


def show_password(visit: Visit) -> Response:
    return visit.page("password.html", form=forms.blank())


def change_password(visit: Visit) -> Response:
    form = forms.read(visit, PasswordForm)
    if form.data is not None and not _is_own(visit, form.data.old):
        form.refuse("old", visit.translate("现在的密码不对"))
    if form.data is not None and form.data.new == form.data.old:
        form.refuse("new", visit.translate("新密码要和现在的不一样"))
    if form.data is None:
        return visit.page("password.html", 422, form=form)
    fresh = passwords.hash_password(form.data.new)
    with visit.act("operator.change_password", f"operator:{visit.operator.name}") as session:
        operator = operators.get(session, visit.operator.id)
        operator.password_hash, operator.must_change_password = fresh, False
        operators.revoke_sessions(session, operator.id, visit.now, but=visit.operator.session_id)
    return visit.go("/console/today", visit.translate("密码已修改，其他设备已退出登录"))


def _is_own(visit: Visit, password: str) -> bool:
    """Is it the signed-in operator's password? Guessing here counts like guessing at the door."""
    name, address = visit.operator.name, visit.address
    with visit.desk.database.write() as session:
        if throttle.wait_until(session, name, address, visit.now) is not None:
            return False
        operators.add_failure(session, name, address, visit.now)
        known_hash = operators.get(session, visit.operator.id).password_hash
    is_right = passwords.is_password(password, known_hash)
    if is_right:
        with visit.desk.database.write() as session:
            operators.forget_failures(session, name, address)
    return is_right


def set_language(visit: Visit) -> Response:
    wanted = str(visit.form.get("language", ""))
    response = visit.go(visit.back())
    if wanted in LANGUAGES:
        visit.set_cookie(response, LANGUAGE, wanted, YEAR)
    return response


def set_theme(visit: Visit) -> Response:
    wanted = str(visit.form.get("theme", ""))
    response = visit.go(visit.back())
    if wanted in THEMES:
        visit.set_cookie(response, THEME, wanted, YEAR)
    return response


PAGES = (
    get("/sign-in", show_sign_in, None),
    post("/sign-in", sign_in, None),
    post("/sign-out", sign_out, VIEWER),
    get("/password", show_password, VIEWER),
    post("/password", change_password, VIEWER),
    post("/language", set_language, None),
    post("/theme", set_theme, None),
)
