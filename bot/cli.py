"""The command line: `tuan run`, and everything else an operator does in a terminal."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from typing import Annotated

import click
import typer

from bot.commands import (
    backups,
    benching,
    content,
    doctor,
    importing,
    keys,
    log,
    operators,
    plans,
    questions,
    recompute,
    resetting,
    rosters,
    running,
    talking,
)
from bot.commands.faults import explain
from bot.commands.speech import tell

app = typer.Typer(
    name="tuan",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help=tell("团长：社群团购的群运营。", "Tuanzhang: the operator for shopping communities."),
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"tuan {installed_version('tuanzhang')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
) -> None:
    """What goes for every command."""


app.command("run", help=tell("启动：群聊、后台，全部", "start: the group, the console, everything"))(running.run)
app.command("say", help=tell("在终端里说话", "talk in the terminal"))(talking.talk)
app.command("import", help=tell("导入商品、问答、成员", "take products, FAQ or members from a file"))(
    importing.import_rows
)
app.add_typer(questions.faq, name="faq")
app.add_typer(rosters.roster, name="roster")
content.content.command("export", help=tell("把计划写成文件", "the plan as a file"))(plans.export_plan)
content.content.command("import", help=tell("从文件读入计划", "take a plan from a file"))(plans.import_plan)
app.add_typer(content.content, name="content")
app.command("log", help=tell("最近的互动", "the last interactions"))(log.log)
app.command("backup", help=tell("备份到一个文件", "everything into one file"))(backups.backup)
app.command("restore", help=tell("从备份恢复", "put a backup in place"))(backups.restore)
app.command("reset-demo", help=tell("清空并重新载入演示", "empty the shop, load the demo anew"))(resetting.reset_demo)
app.command("doctor", help=tell("检查环境，说明怎么修", "what is wrong, and how to mend it"))(doctor.doctor)
app.add_typer(operators.operator, name="operator")
app.add_typer(keys.key, name="key")
app.add_typer(recompute.referral, name="referral")
app.command(
    "bench",
    help=tell("性能测试", "run a benchmark"),
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
)(benching.bench)


def main() -> None:
    """Run a command; whatever ends it is told in one line."""
    try:
        app()
    except Exception as error:
        words, code = explain(error)
        click.echo(words, err=True)
        sys.exit(code)
