"""`tuan referral recompute`: makes every attribution and commission again from the touches and says where the book differs."""

from __future__ import annotations

import typer

from bot.commands.opening import AsJson, Home, load_settings, opened
from bot.commands.speech import say, tell

SHOWN = 20
DIFFERENT = 1  # exit code

referral = typer.Typer(no_args_is_help=True, help=tell("推广：归因与佣金", "referral: attributions and commissions"))


@referral.command("recompute", help=tell("重算归因与佣金，核对账本", "make attributions and commissions again, prove the book"))
def recompute(as_json: AsJson = False, home: Home = None) -> None:
    """Nothing is changed. Exit code 0: all the same; 1: something differs, and each difference is told."""
    import orjson
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from handlers.rewards import replay
    from storage import ledger, replaying

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with opened(load_settings(home)) as database, database.read() as session:
        total = replaying.count(session)
        with Progress(*columns, console=Console(stderr=True), disable=as_json) as progress:
            bar = progress.add_task(tell("重算", "recomputing"), total=total)
            found = list(replay.replay(session, lambda done: progress.update(bar, completed=done)))
        sums, lopsided = ledger.sum_all(session), ledger.count_lopsided(session)
    is_balanced = not lopsided and not any(sums.values())
    if as_json:
        shown = [{"subject": one.subject, "what": one.what, "kept": str(one.kept), "again": str(one.again)} for one in found]
        typer.echo(orjson.dumps({"orders": total, "differences": shown, "is_balanced": is_balanced}).decode())
    else:
        for one in found[:SHOWN]:
            typer.echo(f"{one.subject}  {one.what}: {one.kept} → {one.again}")
        if len(found) > SHOWN:
            say(f"……另有 {len(found) - SHOWN} 处，用 --json 看全部", f"… and {len(found) - SHOWN} more; --json tells all")
        balanced = tell("账是平的" if is_balanced else "账不平", "the ledger balances" if is_balanced else "the ledger does not balance")
        say(f"重算了 {total} 个订单，{len(found)} 处不同；{balanced}。", f"{total} orders made again, {len(found)} differences; {balanced}.")
    if found or not is_balanced:
        raise typer.Exit(DIFFERENT)
