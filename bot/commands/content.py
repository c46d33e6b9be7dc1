"""`tuan content`: checks the words of posts before they are said."""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import typer

from bot.commands.opening import AsJson, load_settings
from bot.commands.speech import language, stop, tell
from content.findings import BLOCK, OK, Finding, worst

if TYPE_CHECKING:
    from content.lint import Facts

content = typer.Typer(no_args_is_help=True, help=tell("要发的内容：检查、导出、导入", "what is to be said: check, export, import"))
LARGEST = 1_000_000  # bytes of a text
UNREADABLE = 2


@content.callback()
def options() -> None:
    """What goes for every command about content."""


@content.command("lint", help=tell("检查一篇文字；有拦截项时退出码为 1", "check a text; exit code 1 when something blocks"))
def lint(
    source: Annotated[str, typer.Argument(metavar="FILE|-", help=tell("文件，或 - 读标准输入", "a file, or - for standard input"))],
    as_json: AsJson = False,
    host: Annotated[list[str] | None, typer.Option("--host", help=tell("允许的链接域名", "a host that links may go to"))] = None,
    on: Annotated[str, typer.Option("--on", help=tell("按哪一天检查，如 2026-11-22", "the day to check for, 2026-11-22"))] = "",
) -> None:
    """With --json every line is a JSON string, answered by an object with its level; else the file is one text."""
    from content.lint import check

    known = _known(host or [], on)
    with contextlib.ExitStack() as opened:
        lines = sys.stdin.buffer if source == "-" else opened.enter_context(open(source, "rb"))
        if as_json:
            for number, line in enumerate(iter(lambda: lines.readline(LARGEST), b""), 1):
                if line.strip():
                    typer.echo(json.dumps(_answer(check(_text(line, number), known)), ensure_ascii=False))
            return
        findings = check(lines.read(LARGEST).decode("utf-8-sig", errors="replace").rstrip("\n"), known)
    _show(findings)
    if worst(findings) == BLOCK:
        raise typer.Exit(1)


def _known(hosts: list[str], on: str) -> Facts:
    """Today and our own host: what is known without a database."""
    from bot.app import wall_clock
    from content.lint import Facts

    settings = load_settings()
    ours = urlsplit(settings.public_url).hostname or ""
    try:
        today = date.fromisoformat(on) if on else wall_clock().astimezone(ZoneInfo(settings.time_zone)).date()
    except ValueError:
        stop(f"「{on}」不是日期，请写成 2026-11-22。", f"{on} is no date; write 2026-11-22.", UNREADABLE)
    return Facts(today=today, hosts=frozenset({ours, *(host.lower() for host in hosts)} - {""}))


def _text(line: bytes, number: int) -> str:
    try:
        text = json.loads(line.decode("utf-8-sig", errors="replace"))
    except ValueError:
        text = None
    if not isinstance(text, str):
        stop(f"第 {number} 行不是 JSON 字符串。", f"line {number} is no JSON string.", UNREADABLE)
    return text


def _answer(findings: list[Finding]) -> dict[str, Any]:
    """The level, the rules, and each finding with its place, why, and what to write instead."""
    return {
        "level": worst(findings),
        "rules": list(dict.fromkeys(one.rule for one in findings)),
        "findings": [
            {
                "rule": one.rule, "level": one.level, "start": one.start, "end": one.end, "words": one.place,
                "why": tell(one.why, one.why_en), "rewrite": tell(one.rewrite, one.rewrite_en), "origin": one.origin,
            }
            for one in findings
        ],
    }  # fmt: skip


def _show(findings: list[Finding]) -> None:
    if not findings:
        typer.echo(tell("可以发。", "Fine."))
    levels = {"block": "拦截", "warn": "提醒", "note": "备注", OK: "可以"} if language() == "zh" else {}
    for one in findings:
        words = " ".join(one.place.split())
        typer.echo(f"{levels.get(one.level, one.level)}\t{one.rule}\t{one.start}-{one.end}\t{words}")
        typer.echo(f"\t{tell(one.why, one.why_en)} ({one.origin})")
        typer.echo(f"\t→ {tell(one.rewrite, one.rewrite_en)}")
