"""The FAQ editor: finding, writing, switching and deleting entries, and the test bench."""

from __future__ import annotations

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import faq_forms, shelved
from bot.console.faq_bench import LONGEST_TEXT, Bench
from bot.console.faq_forms import FaqForm
from bot.console.pages import get, post
from bot.console.shelved import Shelved
from bot.console.visit import NotFound, Visit
from handlers.faq.messages import answer_values
from storage import faq
from storage.faq import FaqEntry
from storage.operators import MANAGER, VIEWER

LIST, A_PAGE = "/console/faq", 50
SWITCHES = {"on": True, "off": False}

SHELVED: Shelved[FaqEntry] = Shelved(
    "faq", LIST, faq.find, faq.find_any, faq.remove, faq.restore, lambda entry: {"question": entry.question}
)


class Stale(Exception):
    """Somebody else saved the entry after this form was opened; undoes the transaction."""


def entries(visit: Visit) -> Response:
    words, category, switch = visit.query("q", 100), visit.query("category", 80), visit.chosen("state", ["on", "off"])
    with visit.read() as session:
        found = faq.search(
            session, words, category, after=visit.query("after", 80) or None, limit=A_PAGE + 1,
            is_enabled=SWITCHES.get(switch),
        )
        doubles = faq_forms.find_all_doubles(faq.find_wordings(session))
        categories, total = faq.find_categories(session), faq.count(session)
        deleted = shelved.find_deleted(session, SHELVED, visit.query("deleted", 80))
    return visit.page(
        "faq.html", entries=found[:A_PAGE], next_after=found[A_PAGE - 1].id if len(found) > A_PAGE else None,
        doubles=doubles, categories=[each for each in categories if each], total=total, words=words,
        category=category, switch=switch, deleted=deleted,
    )


def new(visit: Visit) -> Response:
    draft = FaqForm(
        question=visit.query("question", 400), answer=visit.query("answer", 2000), category=visit.query("category", 80)
    )
    return _form(visit, draft)


def edit(visit: Visit) -> Response:
    with visit.read() as session:
        entry = faq.find(session, visit.path("id"))
    if entry is None:
        raise NotFound
    return _form(visit, faq_forms.of_entry(entry))


def create(visit: Visit) -> Response:
    return _save(visit, "")


def update(visit: Visit) -> Response:
    return _save(visit, visit.path("id"))


def switch(visit: Visit) -> Response:
    entry_id, is_enabled = visit.path("id"), visit.form.get("is_enabled") == "1"
    with visit.act("faq.switch", f"faq:{entry_id}", is_enabled=is_enabled) as session:
        if faq.find(session, entry_id) is None:
            raise NotFound
        faq.save(session, {"id": entry_id, "is_enabled": is_enabled}, visit.now)
    visit.desk.shelf.refresh()
    return visit.go(visit.back(LIST), visit.translate("已启用。") if is_enabled else visit.translate("已停用。"))


def delete(visit: Visit) -> Response:
    return shelved.delete(visit, SHELVED)


def restore(visit: Visit) -> Response:
    return shelved.restore(visit, SHELVED, visit.translate("已恢复。"))


def bench(visit: Visit) -> Response:
    """What would we answer to this, and why; nothing is said or kept."""
    text, is_addressed = visit.query("q", LONGEST_TEXT), visit.query("to") == "us"
    verdict = None
    if text:
        with visit.read() as session:
            verdict = Bench.of(session, visit.desk).judge(text, is_addressed)
    template = "faq_verdict.html" if visit.is_partial else "faq_bench.html"
    return visit.page(template, verdict=verdict, text=text, is_addressed=is_addressed, longest=LONGEST_TEXT)


def _save(visit: Visit, entry_id: str) -> Response:
    typed = faq_forms.read(visit.form, entry_id, answer_values(visit.desk.shop), visit.translate)
    if typed.errors:
        return _form(visit, typed, 422)
    values = typed.columns()
    try:
        with visit.act("faq.save", f"faq:{values['id']}", question=typed.question) as session:
            _check_revision(session, entry_id, typed)
            faq.save(session, values, visit.now)
    except Stale:
        return _form(visit, _freshened(visit, typed), 409)
    visit.desk.shelf.refresh()
    return visit.go(f"{LIST}/{values['id']}", visit.translate("已保存，下一个问题就会用上。"))


def _check_revision(session: Session, entry_id: str, typed: FaqForm) -> None:
    if not entry_id:
        return
    entry = faq.find(session, entry_id)
    if entry is None:
        raise NotFound
    if entry.revision != typed.revision:
        raise Stale


def _freshened(visit: Visit, typed: FaqForm) -> FaqForm:
    """The operator's words, ready to be saved over what somebody else saved meanwhile, after a look."""
    with visit.read() as session:
        typed.revision = faq.get(session, typed.id).revision
    typed.errors[""] = visit.translate("别人刚刚改过这一条。请核对后再保存，会覆盖对方的修改。")
    return typed


def _form(visit: Visit, typed: FaqForm, status: int = 200) -> Response:
    with visit.read() as session:
        doubles = faq_forms.find_doubles(typed, faq.find_wordings(session))
        categories = [each for each in faq.find_categories(session) if each]
    return visit.page(
        "faq_edit.html", status, form=typed, doubles=doubles, categories=categories,
        may_name=sorted(answer_values(visit.desk.shop)),
    )


# An id may hold a slash, so what ends in a word stands before what ends in the id.
PAGES = (
    get("/faq", entries, VIEWER),
    get("/faq/bench", bench, VIEWER),
    get("/faq/new", new, MANAGER),
    get("/faq/{id:path}", edit, VIEWER),
    post("/faq/new", create, MANAGER),
    post("/faq/{id:path}/switch", switch, MANAGER),
    post("/faq/{id:path}/delete", delete, MANAGER),
    post("/faq/{id:path}/restore", restore, MANAGER),
    post("/faq/{id:path}", update, MANAGER),
)
