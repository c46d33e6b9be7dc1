"""`tuan content export | import`: the plan of posts as a file, out and in again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.importing import REFUSED, SHOWN, UNREADABLE
from bot.commands.opening import AsJson, Home, load_settings, opened
from bot.commands.speech import language, say, stop, tell

File = Annotated[Path, typer.Argument(help="CSV, XLSX, YAML")]


def export_plan(file: File, home: Home = None) -> None:
    """Write every active and paused plan with its post. Exit code 2: no such kind of file."""
    from content.importing import plan_file, reading
    from handlers.posts import carrying

    form = reading.FORMATS.get(file.suffix.lower(), "")
    if form not in plan_file.FORMS:
        stop("文件名以 .csv、.xlsx 或 .yaml 结尾", "the file's name ends with .csv, .xlsx or .yaml", UNREADABLE)
    with opened(load_settings(home)) as database, database.read() as session:
        rows = carrying.find_rows(session)
    try:
        file.write_bytes(plan_file.write(rows, form))
    except OSError as error:
        stop(f"写不了 {file}：{error.strerror}", f"cannot write {file}: {error.strerror}", UNREADABLE)
    say(f"{len(rows)} 个计划写入 {file}。", f"{len(rows)} plans written to {file}.")


def import_plan(
    file: File,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=tell("只检查，不写入", "check only, write nothing"))] = False,
    is_approved: Annotated[
        bool, typer.Option("--approved", help=tell("以管理员身份，不再等待审批", "as an admin: nothing waits for a yes"))
    ] = False,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Add plans and change those known. Exit code 0: all in; 1: some rows refused; 2: the file could not be read."""
    from bot.app import wall_clock
    from bot.routing import Router
    from content.importing import Unreadable, plan, reading
    from handlers import FEATURES
    from handlers.posts import carrying
    from handlers.posts.drafts import Editor

    settings = load_settings(home)
    try:
        rows, refused = reading.read(file)
        is_table = reading.FORMATS[file.suffix.lower()] in (reading.CSV, reading.XLSX)
        checked, more = plan.check(rows, is_table=is_table)
    except Unreadable as fault:
        stop(fault.zh, fault.en, UNREADABLE)
    carrier = carrying.Carrier(
        Editor("tuan content import", is_approved), Router(FEATURES).values, settings.time_zone, wall_clock
    )
    with opened(settings) as database:
        done = carrying.bring_in(database.write, checked, carrier, dry_run=dry_run)
    faults = sorted([*((one.line, one.reason) for one in (*refused, *more)), *done.refused], key=lambda one: one[0])
    if as_json:
        listed = [{"line": line, "reason": reason.in_language(language())} for line, reason in faults]
        typer.echo(json.dumps(done.counts | {"refused": listed}, ensure_ascii=False))
    else:
        _tell(done.counts, [(line, reason.in_language(language())) for line, reason in faults], dry_run)
    if faults:
        raise typer.Exit(REFUSED)


def _tell(counts: dict[str, int], faults: list[tuple[int, str]], dry_run: bool) -> None:
    for line, reason in faults[:SHOWN]:
        typer.echo(tell(f"第 {line} 行：{reason}", f"line {line}: {reason}"), err=True)
    if len(faults) > SHOWN:
        more = len(faults) - SHOWN
        typer.echo(tell(f"……另有 {more} 行，用 --json 看全部", f"… and {more} more; --json tells all"), err=True)
    if dry_run:
        say("演练，没有写入：", "dry run, nothing was written:")
    added, updated, unchanged = counts["added"], counts["updated"], counts["unchanged"]
    say(
        f"新增 {added}，更新 {updated}，没变 {unchanged}，拒绝 {len(faults)} 行。",
        f"{added} added, {updated} updated, {unchanged} unchanged, {len(faults)} rows refused.",
    )
