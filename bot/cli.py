"""The command line: `tuan run`, and everything else an operator does in a terminal."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from typing import Annotated

import click
import typer

from bot.commands import running
from bot.commands.faults import explain
from bot.commands.speech import tell

app = typer.Typer(
    name="tuan", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    help=tell("团长：社群团购的群运营机器人。", "Tuanzhang: the operator for shopping communities."),
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"tuan {installed_version('tuanzhang')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
) -> None:
    """What goes for every command."""


app.command("run", help=tell("启动：群聊、后台，全部", "start: group, console, everything"))(running.run)


def main() -> None:
    """Run a command; whatever ends it is told in one line."""
    try:
        app()
    except Exception as error:
        words, code = explain(error)
        click.echo(words, err=True)
        sys.exit(code)
