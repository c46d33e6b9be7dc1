"""Canned replies: words ready to be sent, by a short title."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from bot.console import forms
from bot.console.forms import Form
from bot.console.pages import get, post
from bot.console.visit import Visit
from storage import desk
from storage.operators import MANAGER

PLACE = "/console/canned"


class CannedForm(BaseModel):
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


def show(visit: Visit) -> Response:
    return _page(visit, forms.blank())


def edit(visit: Visit) -> Response:
    with visit.read() as session:
        row = desk.get_canned(session, visit.path("id"))
    return _page(visit, forms.blank(title=row.title, text=row.text), row.id)


def save(visit: Visit) -> Response:
    return _save(visit, None)


def change(visit: Visit) -> Response:
    return _save(visit, visit.path("id"))


def remove(visit: Visit) -> Response:
    reply_id = visit.path("id")
    with visit.act("canned.remove", f"canned:{reply_id}") as session:
        desk.remove_canned(session, reply_id)
    return visit.go(PLACE, visit.translate("已删除。"))


def _save(visit: Visit, reply_id: int | None) -> Response:
    form = forms.read(visit, CannedForm)
    if form.data is not None:
        with visit.read() as session:
            if desk.is_title_taken(session, form.data.title, reply_id):
                form.refuse("title", visit.translate("这个标题已经有了"))
    if form.data is None:
        return _page(visit, form, reply_id, 422)
    with visit.act("canned.save", f"canned:{reply_id or form.data.title}") as session:
        desk.save_canned(session, reply_id, form.data.title, form.data.text, visit.now)
    return visit.go(PLACE, visit.translate("已保存。"))


def _page(visit: Visit, form: Form[CannedForm], reply_id: int | None = None, status: int = 200) -> Response:
    with visit.read() as session:
        rows = desk.find_canned(session)
    return visit.page("canned.html", status, rows=rows, form=form, reply_id=reply_id)


PAGES = (
    get("/canned", show, MANAGER),
    post("/canned", save, MANAGER),
    get("/canned/{id:int}", edit, MANAGER),
    post("/canned/{id:int}", change, MANAGER),
    post("/canned/{id:int}/remove", remove, MANAGER),
)
