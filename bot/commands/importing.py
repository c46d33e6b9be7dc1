"""`tuan import`: products, FAQ entries and members from a file, row by row, with what was refused and why."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.opening import AsJson, Home, load_settings, opened
from bot.commands.speech import language, say, stop, tell

if TYPE_CHECKING:
    from content.importing import Summary

REFUSED, UNREADABLE = 1, 2
SHOWN = 50  # refused rows told on the terminal; --json tells all


class Kind(StrEnum):
    """What a file holds."""

    PRODUCTS = "products"
    FAQ = "faq"
    MEMBERS = "members"


def import_rows(
    kind: Annotated[Kind, typer.Argument(help=tell("文件里是什么", "what the file holds"))],
    file: Annotated[Path, typer.Argument(help=tell("CSV、JSONL、YAML 或 XLSX", "CSV, JSONL, YAML or XLSX"))],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=tell("只检查，不写入", "check only, write nothing"))
    ] = False,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Upsert by id. Exit code 0: all in; 1: some rows refused; 2: the file could not be read."""
    from bot.app import wall_clock
    from content.importing import Unreadable, import_file

    settings = load_settings(home)
    with opened(settings) as database, Bar() as bar:
        try:
            summary = import_file(database, kind.value, file, wall_clock, dry_run=dry_run, progress=bar.show)
        except Unreadable as fault:
            if as_json:
                typer.echo(json.dumps({"error": fault.in_language(language())}, ensure_ascii=False))
            stop(fault.zh, fault.en, UNREADABLE)
    if as_json:
        typer.echo(json.dumps(summary.as_json(language()), ensure_ascii=False))
    else:
        _tell(summary, dry_run)
    if summary.refused:
        raise typer.Exit(REFUSED)


class Bar:
    """A progress bar on a terminal, once there is enough to wait for."""

    def __enter__(self) -> Bar:
        self._progress = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import MofNCompleteColumn, Progress

            self._progress = Progress(
                *Progress.get_default_columns(),
                MofNCompleteColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._progress.start()
            self._task = self._progress.add_task(tell("写入", "writing"), total=None)
        return self

    def show(self, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress.update(self._task, completed=done, total=total)

    def __exit__(self, *_ended: object) -> None:
        if self._progress is not None:
            self._progress.stop()


def _tell(summary: Summary, dry_run: bool) -> None:
    for one in summary.refused[:SHOWN]:
        reason = one.reason
        typer.echo(tell(f"第 {one.line} 行：{reason.zh}", f"line {one.line}: {reason.en}"), err=True)
    if len(summary.refused) > SHOWN:
        more = len(summary.refused) - SHOWN
        typer.echo(tell(f"……另有 {more} 行，用 --json 看全部", f"… and {more} more; --json tells all"), err=True)
    if dry_run:
        say("演练，没有写入：", "dry run, nothing was written:")
    added, updated, unchanged, refused = (
        summary.added,
        summary.updated,
        summary.unchanged,
        len(summary.refused),
    )
    say(
        f"新增 {added}，更新 {updated}，没变 {unchanged}，拒绝 {refused} 行。",
        f"{added} added, {updated} updated, {unchanged} unchanged, {refused} rows refused.",
    )
