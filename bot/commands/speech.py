"""How the command line speaks: Chinese or English, one clear line for what went wrong."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import NoReturn

import typer


@cache
def language() -> str:
    """TUAN_LANGUAGE (or .env) decides; else the terminal's language where it is English; else Chinese."""
    chosen = os.environ.get("TUAN_LANGUAGE") or _in_env_file()
    if chosen in ("zh", "en"):
        return chosen
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "en" if os.environ[name].lower().startswith("en") else "zh"
    return "zh"


def _in_env_file() -> str:
    try:
        lines = Path(".env").read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    for line in lines:
        name, _, value = line.removeprefix("export ").partition("=")
        if name.strip() == "TUAN_LANGUAGE":
            return value.strip().strip("\"'")
    return ""


def tell(zh: str, en: str) -> str:
    """The words in the reader's language."""
    return zh if language() == "zh" else en


def say(zh: str, en: str) -> None:
    typer.echo(tell(zh, en))


class Stop(Exception):
    """The command cannot go on; the words say why and what to do."""

    def __init__(self, zh: str, en: str, code: int = 1) -> None:
        super().__init__(tell(zh, en))
        self.code = code


def stop(zh: str, en: str, code: int = 1) -> NoReturn:
    raise Stop(zh, en, code)
