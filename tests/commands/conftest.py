"""A data folder of one's own, and `tuan` as a function."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from bot.cli import app
from bot.commands import speech
from bot.commands.faults import explain


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Tuan = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, with nothing of the machine's own settings."""
    folder = tmp_path / "home"
    for name in ("TUAN_DATABASE_URL", "TUAN_LANGUAGE", "TUAN_DEMO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TUAN_HOME", str(folder))
    monkeypatch.setenv("TUAN_LANGUAGE", "en")
    monkeypatch.chdir(tmp_path)
    speech.language.cache_clear()
    return folder


@pytest.fixture
def tuan(home: Path) -> Iterator[Tuan]:
    """Run a command in this process; whatever ends it is told as `main` tells it."""

    def run(*words: str | Path, answers: str = "") -> Outcome:
        result = CliRunner().invoke(app, [str(word) for word in words], input=answers)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            assert isinstance(result.exception, Exception)
            said, code = explain(result.exception)
            return Outcome(code, result.stdout, result.stderr + said)
        return Outcome(result.exit_code, result.stdout, result.stderr)

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield run
    # A command that runs the operator sends the logs to its own output, which ends with it.
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level
