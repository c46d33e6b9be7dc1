"""What the shop promises who asks: an admin writes after how long somebody is warned, and when it is late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from bot.console import clocks, forms
from bot.console.forms import Form
from bot.console.visit import Visit
from content import durations
from storage import promises
from storage.promises import LONGEST, SHORTEST, SUGGESTED, Promise

STAGES = ("warn", "late")


@dataclass(frozen=True, slots=True)
class Line:
    """A promise on the page: the kind of its clock, what that is called, and what we suggest."""

    kind: str
    name: str
    suggested: str
    is_in_hours: bool


def lines(visit: Visit) -> list[Line]:
    language = visit.language
    return [
        Line(
            kind, visit.translate(clocks.NAMES[kind]),
            f"{durations.write(one.warn, language)} / {durations.write(one.late, language)}", one.is_in_hours,
        )
        for kind, one in SUGGESTED.items()
    ]


def form_of(visit: Visit, session: Session) -> Form[Any]:
    """The promises that hold, ready to be changed."""
    written: dict[str, str] = {}
    for kind, one in promises.find_all(session).items():
        written |= {f"{kind}_{stage}": durations.write(getattr(one, stage), visit.language) for stage in STAGES}
    return forms.blank(**written)


def read(visit: Visit) -> tuple[Form[Any], dict[str, tuple[int, int]]]:
    """What was written, with its faults; and the seconds of each promise. An empty pair takes what we suggest."""
    names = [f"{kind}_{stage}" for kind in SUGGESTED for stage in STAGES]
    form: Form[Any] = forms.blank(**{name: str(visit.form.get(name, "")).replace("\0", "").strip()[:60] for name in names})
    return form, {kind: _read(visit, form, kind, one) for kind, one in SUGGESTED.items()}


def keep(visit: Visit, wanted: Mapping[str, tuple[int, int]]) -> None:
    """Promise this from now on; the audit entry tells what was before."""
    with visit.read() as session:
        known = {kind: (one.warn, one.late) for kind, one in promises.find_all(session).items()}
    changed = {kind: pair for kind, pair in wanted.items() if pair != known[kind]}
    told = {kind: f"{known[kind][0]}/{known[kind][1]} → {warn}/{late} s" for kind, (warn, late) in changed.items()}
    with visit.act("promises.save", "promises", **told) as session:
        promises.save(session, changed)


def _read(visit: Visit, form: Form[Any], kind: str, suggested: Promise) -> tuple[int, int]:
    fields = [f"{kind}_{stage}" for stage in STAGES]
    if not any(form.values[name] for name in fields):
        return suggested.warn, suggested.late
    seconds = []
    for name in fields:
        found = durations.read(form.values[name])
        if found is None:
            form.refuse(name, visit.translate("请写成 15 秒、30 分钟或 24 小时"))
        elif not SHORTEST <= found <= LONGEST:
            form.refuse(name, visit.translate("要在 2 秒到 720 小时之间"))
        seconds.append(found or 0)
    warn, late = seconds
    if fields[0] not in form.errors and fields[1] not in form.errors and warn >= late:
        form.refuse(fields[0], visit.translate("提醒要早于超时"))
    return warn, late
