"""/healthz, /readyz, /metrics, and a disk that is full."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr
from sqlalchemy import Connection, event
from starlette.testclient import TestClient

from bot import logs
from bot.app import Operator, build, open_database
from bot.dispatch import NotKept
from bot.events import MessageReceived
from bot.settings import Settings
from storage import inbox

HERE = ("127.0.0.1", 50_000)
ELSEWHERE = ("203.0.113.9", 50_000)


@pytest.fixture
def operator(home: Path) -> Operator:
    settings = Settings(home=home, metrics_token=SecretStr("sesame"), demo=False)
    open_database(settings)
    return Operator(settings)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, as it is in a real start."""
    stream = io.StringIO()
    logs.configure(stream=stream)
    yield stream
    structlog.reset_defaults()


@pytest.fixture
def client(operator: Operator) -> Iterator[TestClient]:
    with TestClient(build(operator.settings, operator), client=HERE) as client:
        yield client


def message(number: int, text: str = "草莓还有吗") -> MessageReceived:
    return MessageReceived(
        key=f"test:{number}", lane="web:g", occurred_at=datetime.now(UTC), channel="web", conversation="web:g",
        group_id="web:g", member_id="web:m_1", member_name="小李", text=text,
    )  # fmt: skip


def test_a_running_operator_is_alive_and_ready(client: TestClient) -> None:
    assert client.get("/healthz").json()["service"] == "tuanzhang"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["troubles"]) == (200, [])


def test_it_is_not_ready_when_a_lane_has_ended(client: TestClient, operator: Operator) -> None:
    operator.dispatcher.stop()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "lane-0" in answer.json()["troubles"][0]
    assert client.get("/healthz").status_code == 200


def test_it_is_not_ready_on_a_database_of_another_version(client: TestClient, operator: Operator) -> None:
    with operator.database.writer.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '0000'")
    assert client.get("/readyz").json()["troubles"] == ["database: not at the newest schema"]


def test_metrics_count_what_was_handled(client: TestClient, operator: Operator) -> None:
    for number in (1, 2, 2):
        operator.dispatcher.submit(message(number)).result(timeout=20)
    numbers = client.get("/metrics").text
    assert "tuan_events_kept_total 2.0" in numbers
    assert "tuan_event_seconds_count 2.0" in numbers
    assert 'tuan_lane_waiting{lane="0"} 0.0' in numbers
    assert "tuan_interactions_total{outcome=" in numbers
    assert "小李" not in numbers
    assert "草莓" not in numbers


def test_metrics_are_for_this_machine_or_who_has_the_token(operator: Operator) -> None:
    app = build(operator.settings, operator)
    far, near = TestClient(app, client=ELSEWHERE), TestClient(app, client=HERE)
    assert far.get("/metrics").status_code == 403
    assert far.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 403
    assert far.get("/metrics", headers={"Authorization": "Bearer sesame"}).status_code == 200
    assert near.get("/metrics").status_code == 200
    # A proxy on this machine brings strangers.
    assert near.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403


class Disk:
    """A disk with only so much room: SQLite answers as on a full one."""

    def __init__(self, operator: Operator) -> None:
        self._pages = 2**30
        event.listen(operator.database.writer, "begin", self._limit)

    def _limit(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={self._pages}")

    def fill(self) -> None:
        self._pages = 1  # SQLite takes this for the size it has now

    def make_room(self) -> None:
        self._pages = 2**30


def test_on_a_full_disk_nothing_is_acknowledged_and_nothing_half_written(
    client: TestClient, operator: Operator, lines: io.StringIO
) -> None:
    disk = Disk(operator)
    operator.dispatcher.submit(message(0)).result(timeout=20)
    disk.fill()
    outcomes = [
        operator.dispatcher.submit(message(number, "很长的一句话" * 200)).exception(timeout=20)
        for number in range(1, 60)
    ]
    refused = 1 + next(place for place, fault in enumerate(outcomes) if isinstance(fault, NotKept))
    assert "full" in str(outcomes[refused - 1])
    assert "database or disk is full" in lines.getvalue()
    assert "很长的一句话" not in lines.getvalue()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "database or disk is full" in answer.json()["troubles"][0]
    with operator.database.read() as session:
        rows = inbox.find_latest(session, None, 1_000)
    kept = ["test:0", *(f"test:{number}" for number, fault in enumerate(outcomes, start=1) if fault is None)]
    assert [row.key for row in rows] == kept
    disk.make_room()
    assert client.get("/readyz").status_code == 200
    assert operator.dispatcher.submit(message(refused)).result(timeout=20).is_new
