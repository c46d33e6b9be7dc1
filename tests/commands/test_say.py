"""`tuan say`: alone with us, and in a running operator's group."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.conftest import Tuan
from tests.commands.process import Process


@pytest.fixture
def free_port(monkeypatch: pytest.MonkeyPatch) -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    monkeypatch.setenv("TUAN_PORT", port)
    return port


@pytest.fixture
def running(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    process = Process(home)
    monkeypatch.setenv("TUAN_PORT", str(process.port))
    yield process
    process.end()


def test_words_are_answered_without_a_running_operator(tuan: Tuan, free_port: str) -> None:
    assert "小团 can help" in tuan("say", "菜单").out


def test_words_are_said_in_the_group_of_a_running_operator(tuan: Tuan, running: Process) -> None:
    heard = tuan("say", "--name", "路过的人", "菜单")
    assert "阳光花园邻里团" in heard.out
    assert "小团能帮您" in heard.out
    assert "路过的人" in tuan("log", "-n", "5").out


def test_a_group_needs_a_running_operator(tuan: Tuan, free_port: str) -> None:
    assert "Start tuan run" in tuan("say", "--group", "sunshine", "菜单").err


def test_a_group_that_is_not_there_is_told(tuan: Tuan, running: Process) -> None:
    outcome = tuan("say", "--group", "nowhere", "菜单")
    assert outcome.code == 1
    assert "cannot talk" in outcome.err
