"""docs/web-channel.md says what the channel does: its codes are all there, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bot.channels.web import frames
from tests.web.place import Place

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "web-channel.md").read_text("utf-8")


def test_every_error_code_is_documented() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "bot" / "channels" / "web").glob("*.py"))
    codes = set(re.findall(r'(?:Trouble|Refused)\(\s*(?:\d+, )?"(\w+)"', sources))
    assert {"bad_json", "busy", "rate_limited", "no_space", "not_a_member"} <= codes
    assert {code for code in codes if f"`{code}`" not in DOCUMENT} == set()


def test_every_frame_and_its_fields_are_documented() -> None:
    for kind in (frames.Hello, frames.Say, frames.History, frames.Members, frames.Leave, frames.Ping):
        assert f"`{kind.__name__.lower()}`" in DOCUMENT
        assert [name for name in kind.model_fields if f"`{name}`" not in DOCUMENT] == []


def test_the_example_program_is_a_member(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.group("sunshine")
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    names: dict[str, Any] = {}
    exec(program.replace("localhost:8700", place.host), names)
    assert "转人工" in capsys.readouterr().out
