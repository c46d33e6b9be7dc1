"""`tuan roster`: reads and merges rosters (接龙) from standard input, for trying a text and for checks from outside."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from bot.commands.speech import stop, tell
from content.ordering import merging
from content.ordering import roster as rosters
from content.ordering.roster import LONGEST

roster = typer.Typer(no_args_is_help=True, help=tell("解析、合并接龙", "read and merge rosters"))
UNREADABLE = 2
AsJson = Annotated[bool, typer.Option("--json", help=tell("输出 JSON", "JSON out"))]


@roster.command("parse", help=tell("标准输入里的一份接龙", "one roster on standard input"))
def parse(as_json: AsJson = False) -> None:
    text = sys.stdin.buffer.read(LONGEST * 4 + 1).decode("utf-8-sig", errors="replace")
    found = rosters.read(text.rstrip("\n"))
    rows = [] if found is None else [one.as_json() for one in found.wanted]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    if not rows:
        typer.echo(tell("没有读到接龙。", "No roster in it."))
    for row in rows:
        typer.echo("\t".join(str(row.get(name, "")) for name in ("name", "quantity", "variant", "note")))


@roster.command("merge", help=tell("每行一个对象：before、versions", "an object a line: before, versions"))
def merge(as_json: AsJson = False) -> None:
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            result = _merged(given)
        except (ValueError, TypeError, KeyError) as fault:
            stop(f"第 {number} 行读不懂：{fault}", f"line {number} cannot be read: {fault}", UNREADABLE)
        if as_json:
            typer.echo(json.dumps(result, ensure_ascii=False))
        else:
            rows = " ".join(f"{row['name']}×{row['quantity']}" for row in result["merged"])
            asked = tell("待问", "to ask") + ": " + "、".join(result["questions"]) if result["questions"] else ""
            typer.echo(f"{result.get('id', number)}\t{rows}\t{asked}")


def _merged(given: dict[str, Any]) -> dict[str, Any]:
    copies = [
        merging.Copy(str(author), _entries(str(text)), place) for place, (author, text) in enumerate(given["versions"])
        if rosters.read(str(text)) is not None
    ]
    merged = merging.merge(_entries(str(given.get("before") or "")), copies)
    result: dict[str, Any] = {"id": given["id"]} if "id" in given else {}
    return result | {"merged": [one.as_json() for one in merged.wanted], "questions": merged.asked_names}


def _entries(text: str) -> tuple[merging.Entry, ...]:
    found = rosters.read(text)
    return () if found is None else merging.entries_of(found)
