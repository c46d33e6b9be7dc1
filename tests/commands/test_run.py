"""`tuan run` as a real process: started, found healthy, refused beside another, and ended gently."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from storage import inbox
from storage.database import Database
from tests.commands.conftest import Tuan
from tests.commands.process import Process

Start = Callable[..., Process]


@pytest.fixture
def start() -> Iterator[Start]:
    """Processes that do not outlive the test, however it ends."""
    started: list[Process] = []

    def begin(home: Path, **settings: str) -> Process:
        started.append(Process(home, **settings))
        return started[-1]

    yield begin
    for one in started:
        one.end(signal.SIGKILL)


def test_a_first_start_has_a_group_to_talk_in_and_an_admin_and_a_second_keeps_them(home: Path, start: Start) -> None:
    first = start(home)
    assert "one-time password" in "\n".join(first.said)
    assert f"http://localhost:{first.port}/g/sunshine" in "\n".join(first.said)
    assert first.get_json("/healthz")["status"] == "ok"
    assert first.get_json("/readyz") == {"status": "ready", "troubles": []}
    assert first.get("/g/sunshine")[0] == 200
    status, numbers = first.get("/metrics")
    assert status == 200
    assert "tuan_events_kept_total" in numbers
    assert first.end() == 0
    kept = count_messages(home)
    assert kept > 80
    second = start(home)
    assert "one-time password" not in "\n".join(second.said)
    assert second.end(signal.SIGINT) == 0
    assert count_messages(home) == kept
    assert not [line for line in first.said + second.said if "Traceback" in line]


def test_a_second_process_on_the_same_file_is_refused(home: Path, start: Start) -> None:
    first = start(home, TUAN_DEMO="0")
    second = start(home, TUAN_DEMO="0")
    assert second.end() == 1
    assert len(second.said) == 1
    assert "another tuan process" in second.said[0]
    assert first.end() == 0


def test_a_taken_port_is_told(home: Path, tuan: Tuan) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = tuan("run", "--port", str(taken.getsockname()[1]))
    assert outcome.code == 1
    assert "cannot listen on" in outcome.err


def test_a_database_from_a_newer_version_is_refused_and_left_as_it_was(home: Path, tuan: Tuan, start: Start) -> None:
    tuan("reset-demo", "--yes")
    database = Database(f"sqlite:///{home / 'tuan.db'}")
    with database.writer.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    database.close()
    before = count_messages(home)
    newer = start(home)
    assert newer.end() == 1
    assert len(newer.said) == 1
    assert "newer version" in newer.said[0]
    assert count_messages(home) == before
    assert "newer version" in tuan("doctor").out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_said_before_the_end_is_kept(home: Path, number: signal.Signals, start: Start) -> None:
    running = start(home, TUAN_MESSAGES_A_MINUTE="6000")
    with connect(f"ws://127.0.0.1:{running.port}/g/sunshine/socket", origin=None) as member:
        member.send(json.dumps({"type": "hello", "nickname": "赶末班车"}))
        wait_for(member, "welcome")
        for place in range(40):
            member.send(json.dumps({"type": "say", "client_id": f"last-{place}", "text": f"最后一句 {place}"}))
        wait_for(member, "ack")
        assert running.end(number) == 0
        acknowledged = 1 + sum(1 for frame in rest(member) if frame.get("type") == "ack")
    assert count_said(home, "最后一句") >= acknowledged


def wait_for(member: ClientConnection, kind: str) -> None:
    while json.loads(member.recv(timeout=20))["type"] != kind:
        continue


def rest(member: ClientConnection) -> list[dict[str, object]]:
    """What still came before the server closed, with or without a goodbye."""
    frames = []
    with suppress(ConnectionClosed):
        while True:
            frames.append(json.loads(member.recv(timeout=10)))
    return frames


def count_messages(home: Path) -> int:
    """What members said: a tick may add events of its own at any moment."""
    return len([text for text in said(home) if text])


def count_said(home: Path, words: str) -> int:
    return sum(words in (text or "") for text in said(home))


def said(home: Path) -> list[str | None]:
    database = Database(f"sqlite:///{home / 'tuan.db'}")
    with database.read() as session:
        texts = [row.text for row in inbox.find_latest(session, None, 10_000)]
    database.close()
    return texts
