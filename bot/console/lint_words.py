"""The shop's own dictionary for the guard over words, and a box to try a text in."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from bot.console import forms, planned_words
from bot.console.forms import Form
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.visit import Visit
from content.lint import Facts, check, checking
from handlers.posts import shop_words
from storage import lint_words
from storage.lint_words import ALLOWED, CONTACT, HOST, OFF, WORD
from storage.operators import ADMIN, MANAGER

PLACE = "/console/calendar/words"
LONGEST_TRIED = 2_000  # characters of a text to try
KINDS = {
    WORD: mark("查出的词"), ALLOWED: mark("放行的说法"), CONTACT: mark("自己的号码"), HOST: mark("放行的网址"), OFF: mark("关掉的规则"),
}  # fmt: skip


class WordForm(BaseModel):
    """An entry as an operator writes it."""

    kind: Literal["word", "allowed", "contact", "host", "off"]
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=lint_words.LONGEST)]
    level: Literal["block", "warn", "note"] = "warn"


class TriedForm(BaseModel):
    tried: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TRIED)]


def show(visit: Visit) -> Response:
    return _page(visit, forms.blank(kind=WORD, level="warn"))


def save(visit: Visit) -> Response:
    """Keep a word with its level, a phrase that is fine, our own number or host, or switch a rule off."""
    form: Form[WordForm] = forms.read(visit, WordForm)
    if form.data is not None and form.data.kind == OFF and form.data.text not in checking.BY_ID:
        form.refuse("text", visit.translate("没有这条规则"))
    if form.data is not None:
        with visit.read() as session:
            is_full = lint_words.count(session) >= lint_words.MOST
        if is_full:
            form.refuse("text", visit.translate("词典满了，先删掉一些"))
    if form.data is None:
        return _page(visit, form, status=422)
    entry = form.data
    text = entry.text.lower() if entry.kind == HOST else entry.text
    with visit.act("lint.save", f"lint:{entry.kind}", text=text, level=entry.level if entry.kind == WORD else "") as session:
        lint_words.save(session, entry.kind, text, entry.level, visit.operator.name, visit.now)
    return visit.go(PLACE, visit.translate("已保存，下一次检查就算数。"))


def remove(visit: Visit) -> Response:
    kind, text = str(visit.form.get("kind", ""))[:10], str(visit.form.get("text", ""))[: lint_words.LONGEST]
    with visit.act("lint.remove", f"lint:{kind}", text=text) as session:
        lint_words.remove(session, kind, text)
    return visit.go(PLACE, visit.translate("已删除。"))


def attempt(visit: Visit) -> Response:
    """What the guard says to a text, with the dictionary as it is now; nothing is kept."""
    form: Form[TriedForm] = forms.read(visit, TriedForm)
    return _page(visit, forms.blank(kind=WORD, level="warn"), form, status=200 if form.data else 422)


def _page(visit: Visit, form: Form[Any], tried: Form[Any] | None = None, status: int = 200) -> Response:
    with visit.read() as session:
        rows = lint_words.find_all(session)
        ours = shop_words.find(session)
    findings = None
    if tried is not None and tried.data is not None:
        known = Facts(today=visit.now.date(), hosts=ours.hosts, contacts=ours.contacts)
        findings = check(tried.data.tried, known, ours.dictionary)
    is_english = visit.language == "en"
    rules = [(rule.id, f"{rule.id} · {rule.words.why_en if is_english else rule.words.why}") for rule in checking.BY_ID.values()]
    return visit.page(
        "lint_words.html", status, rows=rows, form=form, tried=tried or forms.blank(), findings=findings, kinds=KINDS,
        rules=rules, names=planned_words, is_english=is_english,
    )


PAGES = (
    get("/calendar/words", show, MANAGER),
    post("/calendar/words", save, ADMIN),
    post("/calendar/words/remove", remove, ADMIN),
    post("/calendar/words/try", attempt, MANAGER),
)
