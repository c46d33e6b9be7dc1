"""`tuan faq`: measures how well questions find their answers, on files of questions with known answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.opening import AsJson
from bot.commands.speech import stop, tell

faq = typer.Typer(no_args_is_help=True, help=tell("评测问答检索", "measure the answers"))
UNREADABLE = 2

FaqFile = Annotated[Path, typer.Option("--faq", help=tell("问答库 JSONL", "entries, JSONL"))]
Queries = Annotated[Path, typer.Option("--queries", help=tell("问题 JSONL", "questions, JSONL"))]
Phrasings = Annotated[int, typer.Option("--k", min=0, help=tell("每条用几个问法", "phrasings used of each entry"))]


@faq.command("eval", help=tell("各项指标", "top-1, coverage, precision"))
def evaluate(
    faq_file: FaqFile,
    queries: Queries,
    negatives: Annotated[
        Path | None,
        typer.Option("--negatives", help=tell("不该回答的话 JSONL", "talk to keep silent at, JSONL")),
    ] = None,
    k: Phrasings = 3,
    as_json: AsJson = False,
) -> None:
    from content.knowledge import evaluation

    try:
        result = evaluation.evaluate(faq_file, queries, negatives, k)
    except evaluation.BadRows as fault:
        stop(f"文件有错：{fault}", f"rows that cannot be read: {fault}", UNREADABLE)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        _table(result)


@faq.command("answer", help=tell("逐条作答，输出 JSONL", "answer each question; JSONL out"))
def answer(faq_file: FaqFile, queries: Queries, k: Phrasings = 3) -> None:
    from content.knowledge import evaluation

    try:
        for row in evaluation.answer(faq_file, queries, k):
            typer.echo(json.dumps(row, ensure_ascii=False))
    except evaluation.BadRows as fault:
        stop(f"文件有错：{fault}", f"rows that cannot be read: {fault}", UNREADABLE)


def _table(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "")
    for name, value in _flat(result):
        table.add_row(name, value)
    Console().print(table)


def _flat(result: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in result.items():
        if isinstance(value, dict):
            rows.extend(_flat(value, f"{prefix}{name} "))
        else:
            rows.append((f"{prefix}{name}", "–" if value is None else str(value)))
    return rows
