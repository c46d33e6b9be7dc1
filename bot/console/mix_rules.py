"""The rules of the mix: how much of what a group is told, for the shop and for groups that differ."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints, field_validator
from starlette.responses import Response

from bot.console import forms, planned_words
from bot.console.forms import Form
from bot.console.language import mark
from bot.console.pages import get, post
from bot.console.visit import NotFound, Visit
from bot.hours import BadSpans, read_spans, write_spans
from storage import groups, mix, posts
from storage.operators import ADMIN, MANAGER

PLACE, CHOICES = "/console/calendar/rules", 500


class RulesForm(BaseModel):
    """The rules as an operator writes them; quiet hours may be empty."""

    one_in: Annotated[int, Field(ge=1, le=100)]
    adverts_a_day: Annotated[int, Field(ge=0, le=50)]
    minutes_apart: Annotated[int, Field(ge=0, le=10_080)]
    quiet: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    busy_messages: Annotated[int, Field(ge=0, le=1000)]
    busy_wait_minutes: Annotated[int, Field(ge=0, le=1440)]
    tired_percent: Annotated[float, Field(ge=0, le=100)]
    tired_days_apart: Annotated[int, Field(ge=0, le=365)]
    approved_kinds: list[str] = []

    @field_validator("quiet")
    @classmethod
    def _spans(cls, value: str) -> str:
        try:
            return write_spans(read_spans(value)) if value else ""
        except BadSpans:
            raise ValueError(mark("请写成 09:00-12:00,13:30-18:00，各段不要重叠")) from None

    @field_validator("approved_kinds")
    @classmethod
    def _kinds(cls, value: list[str]) -> list[str]:
        return [kind for kind in posts.KINDS if kind in value]


def show(visit: Visit) -> Response:
    return _page(visit, visit.query("group", 120))


def save(visit: Visit) -> Response:
    """Keep what differs: the shop's from the defaults, a group's from the shop."""
    group_id = str(visit.form.get("group", ""))[:120]
    form: Form[RulesForm] = forms.read(visit, RulesForm)
    if form.data is None:
        return _page(visit, group_id, form, 422)
    wanted = form.data.model_dump()
    with visit.act("mix.save", f"group:{group_id}" if group_id else "shop:mix", **wanted) as session:
        if group_id and groups.find(session, group_id) is None:
            raise NotFound
        base = asdict(mix.get_rules(session) if group_id else mix.MixRules())
        changes = {name: value for name, value in wanted.items() if value != _plain(base[name])}
        mix.save_rules(session, group_id, changes)
    return visit.go(f"{PLACE}?group={group_id}" if group_id else PLACE, visit.translate("已保存，从下一条开始算。"))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _page(visit: Visit, group_id: str, form: Form[Any] | None = None, status: int = 200) -> Response:
    with visit.read() as session:
        group = groups.find(session, group_id) if group_id else None
        if group_id and group is None:
            raise NotFound
        own = mix.find_changes(session)
        form = form or forms.blank(**asdict(mix.get_rules(session, group_id)))
        choices = groups.find_newest(session, CHOICES)
        differing = groups.find_names(session, [one for one, changes in own.items() if one and changes])
    return visit.page(
        "mix_rules.html", status, form=form, group=group, choices=choices, differing=differing, names=planned_words,
        defaults=asdict(mix.MixRules()),
    )


PAGES = (
    get("/calendar/rules", show, MANAGER),
    post("/calendar/rules", save, ADMIN),
)
