"""`tuan log`: the last interactions in the terminal."""

from __future__ import annotations

import json
import unicodedata
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.commands.opening import AsJson, Home, load_settings, opened
from bot.commands.speech import stop, tell


def log(
    group: Annotated[
        str | None, typer.Option("--group", help=tell("只看一个群（代码）", "one group only, by its code"))
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help=tell("几条", "how many"))] = 30,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    from storage import groups, inbox, outbox

    settings = load_settings(home)
    with opened(settings) as database, database.read() as session:
        group_id = None
        if group is not None:
            found = groups.find(session, group) or groups.find_by_code(session, "web", group)
            if found is None:
                stop(f"没有「{group}」这个群", f"there is no group {group}")
            group_id = found.id
        rows = inbox.find_latest(session, group_id, limit)
        said = outbox.find_of_causes(session, [row.id for row in rows])
    zone = ZoneInfo(settings.time_zone)
    told = [_told(row, [plain(reply.text) for reply in said.get(row.id, ())], zone) for row in rows]
    if as_json:
        for one in told:
            typer.echo(json.dumps(one, ensure_ascii=False))
    else:
        _table(told)


def plain(words: str | None) -> str:
    """Words that cannot steer the terminal: no control or direction characters."""
    return "".join(one if unicodedata.category(one)[0] != "C" else " " for one in words or "")


def _told(row: Any, replies: list[str], zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": row.id, "at": row.received_at.astimezone(zone).strftime("%m-%d %H:%M:%S"), "kind": row.kind,
        "conversation": row.conversation, "member": plain(row.member_name), "text": plain(row.text),
        "heard_by": row.heard_by, "outcome": row.outcome, "reason": row.reason,
        "confidence": None if row.confidence is None else round(row.confidence, 3),
        "latency_ms": row.latency_ms, "replies": replies,
    }  # fmt: skip


def _table(told: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_edge=False, pad_edge=False)
    for title in (
        ("时间", "at"),
        ("会话", "where"),
        ("成员", "member"),
        ("说了", "said"),
        ("结果", "outcome"),
        ("回复", "reply"),
    ):
        table.add_column(tell(*title), overflow="fold")
    for one in told:
        outcome = one["outcome"] + (f" {one['confidence']:.2f}" if one["confidence"] is not None else "")
        cells = (
            one["at"],
            one["conversation"],
            one["member"],
            one["text"] or f"[{one['kind']}]",
            outcome,
            " / ".join(one["replies"]),
        )
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table)
