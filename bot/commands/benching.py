"""`tuan bench NAME`: runs a benchmark of the source checkout."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.speech import stop, tell

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=tell("名称，如 ingest", "its name, e.g. ingest"))],
) -> None:
    """Everything after the name is handed on to the benchmark."""
    folder = Path(__file__).resolve().parents[2] / "benchmarks"
    if not folder.is_dir():
        stop(
            "性能测试随源码提供：请在源码目录里运行。",
            "benchmarks come with the source checkout; run this there.",
        )
    script = folder / f"{name}.py"
    if not NAME.fullmatch(name) or not script.is_file():
        known = "、".join(sorted(path.stem for path in folder.glob("[a-z]*.py")))
        stop(f"没有「{name}」这个测试。有：{known}", f"there is no benchmark {name}. There are: {known}")
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *context.args], cwd=folder.parent, check=False)
    raise typer.Exit(done.returncode)
