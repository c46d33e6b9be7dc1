"""The log: every interaction with what was decided and said, filtered and searched, one in detail, all as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.console import names
from bot.console.pages import get
from bot.console.visit import Visit
from storage import groups, inbox, log, members, outbox
from storage.inbox import Interaction
from storage.log import Filter
from storage.operators import VIEWER

FIELDS = ("q", "group", "member", "feature", "outcome", "state", "kind", "since", "until", "reply")
LARGEST_ID = 2**62
MAX_GROUPS = 300  # to choose from; of more, the newest


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the log as it is shown."""

    row: Interaction
    group: str
    replies: Sequence[Any]
    features: Sequence[str]


def show(visit: Visit) -> Response:
    asked = written(visit.request.query_params)
    wanted, faults = understood(visit, asked)
    before, after = _cursor(visit, "before"), _cursor(visit, "after")
    with visit.read() as session:
        page = log.find_page(session, wanted, before=before, after=after)
        lines = to_lines(session, page.rows)
        choices = [] if visit.is_partial else groups.find_newest(session, MAX_GROUPS)
        features = log.find_features(session)
        member = members.find(session, wanted.member_id) if wanted.member_id else None
    return visit.page(
        "log.html",
        asked=asked,
        faults=faults,
        page=page,
        lines=lines,
        groups=choices,
        features=features,
        member=member,
        names=names,
        address=lambda **changes: address(asked, **changes),
        is_filtered=not wanted.is_empty,
        is_first=before is None and after is None,
    )


def show_count(visit: Visit) -> Response:
    """How many rows fit; asked for by the page once it stands."""
    wanted, _ = understood(visit, written(visit.request.query_params))
    with visit.read() as session:
        count = log.count(session, wanted)
    return visit.page("log_count.html", count=count)


def show_one(visit: Visit) -> Response:
    with visit.read() as session:
        row = inbox.get(session, visit.path("id"))
        around = log.find_around(session, row)
        replies = outbox.find_of_causes(session, [one.id for one in around])
        sayings = [outbox.get(session, saying.id) for saying in replies.get(row.id, ())]
        group = groups.find(session, row.group_id) if row.group_id else None
        cause = session.get(Interaction, row.cause_id) if row.cause_id else None
    return visit.page(
        "log_one.html",
        row=row,
        around=around,
        replies=replies,
        sayings=sayings,
        group=group,
        cause=cause,
        names=names,
    )


def to_lines(session: Session, rows: Sequence[Interaction]) -> list[Line]:
    """Rows with their groups' names and what was said because of them."""
    replies = outbox.find_of_causes(session, [row.id for row in rows]) if rows else {}
    known = groups.find_names(session, {row.group_id for row in rows if row.group_id})
    return [
        Line(
            row,
            known.get(row.group_id or "", ""),
            replies.get(row.id, ()),
            (row.heard_by or "").split(",") if row.heard_by else (),
        )
        for row in rows
    ]


def written(values: Mapping[str, Any]) -> dict[str, str]:
    """The filters as they stand in the address or a form."""
    return {name: str(values.get(name, ""))[:200].replace("\0", "").strip() for name in FIELDS}


def understood(visit: Visit, asked: Mapping[str, str]) -> tuple[Filter, dict[str, str]]:
    """The filter meant, and what could not be read by field; that is then left out."""
    faults: dict[str, str] = {}
    since, until = _day(visit, asked["since"], faults, "since"), _day(visit, asked["until"], faults, "until")
    if since is not None and until is not None and until < since:
        faults["until"] = visit.translate("结束日期早于开始日期")
    wanted = Filter(
        words=asked["q"],
        conversation=asked["group"],
        member_id=asked["member"],
        feature=asked["feature"],
        outcome=asked["outcome"],
        state=asked["state"],
        kind=asked["kind"],
        since=since,
        until=None if until is None else until + timedelta(days=1),
        has_reply=asked["reply"] == "1",
    )
    return wanted, faults


def _day(visit: Visit, words: str, faults: dict[str, str], name: str) -> datetime | None:
    if not words:
        return None
    try:
        day = date.fromisoformat(words)
    except ValueError:
        faults[name] = visit.translate("请填写日期")
        return None
    if not 1970 <= day.year <= 9000:
        faults[name] = visit.translate("请填写日期")
        return None
    return datetime.combine(day, time(), visit.desk.zone)


def _cursor(visit: Visit, name: str) -> int | None:
    value = visit.query(name, 20)
    return int(value) if value.isascii() and value.isdigit() and int(value) <= LARGEST_ID else None


def address(asked: Mapping[str, str], **changes: Any) -> str:
    """The log's address with these filters and changes; empty ones are left out."""
    values = {name: value for name, value in (dict(asked) | changes).items() if value not in ("", None)}
    return "/console/log" + (f"?{urlencode(values)}" if values else "")


PAGES = (
    get("/log", show, VIEWER),
    get("/log/count", show_count, VIEWER),
    get("/log/{id:int}", show_one, VIEWER),
)
