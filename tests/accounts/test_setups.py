"""The doctor knows the channels' settings, and tells names, never values."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.channels import setups
from bot.commands.doctor import OK, WARN, _channels
from bot.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for setup in setups.SETUPS:
        for name in setup.names:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Settings(home=tmp_path, _env_file=None)  # type: ignore[call-arg]


def test_a_channel_nobody_began_is_no_trouble(settings: Settings) -> None:
    assert {one.state for one in _channels(settings)} == {OK}


def test_a_channel_half_set_up_names_what_is_missing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUAN_WECHATY_TOKEN", "puppet_secret")
    (found,) = [one for one in _channels(settings) if one.state == WARN]
    assert "TUAN_WECHATY_ENDPOINT" in found.mend
    assert "puppet_secret" not in found.what + found.mend


def test_one_of_two_ways_to_sign_in_is_enough(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "TUAN_MATRIX_HOMESERVER=https://matrix.example\nTUAN_MATRIX_USER=@tuan:matrix.example\nTUAN_MATRIX_PASSWORD=x\n"
    )
    (matrix,) = [one for one in setups.look(settings) if one.setup.channel == "matrix"]
    assert matrix.is_complete
    assert "TUAN_MATRIX_TOKEN" not in matrix.given
