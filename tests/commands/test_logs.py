"""What the logs tell, and what they never tell."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_lines_are_json_without_what_people_said_or_who_they_are() -> None:
    stream = io.StringIO()
    logs.configure(as_json=True, stream=stream)
    structlog.get_logger().info(
        "heard", outbox_id=7, text="草莓还有吗", member_name="小李", nickname="李", address="1.2.3.4"
    )
    line = json.loads(stream.getvalue())
    assert (line["event"], line["outbox_id"], line["level"]) == ("heard", 7, "info")
    assert set(line) == {"event", "outbox_id", "level", "at"}


def test_an_exception_is_its_type_and_place_not_its_words() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    try:
        raise ValueError("草莓还有吗")
    except ValueError as error:
        structlog.get_logger().error("event failed", exc_info=error)
        logging.getLogger("uvicorn.error").exception("while %s", "小李 was here")
    said = stream.getvalue()
    assert said.count("ValueError") == 2
    assert "test_logs.py" in said
    assert "草莓" not in said
    assert "小李" not in said


def test_other_libraries_are_quiet_unless_something_is_wrong() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    logging.getLogger("uvicorn.access").info("GET /g/sunshine")
    logging.getLogger("apscheduler").warning("missed")
    assert "sunshine" not in stream.getvalue()
    assert "logger='apscheduler'" in stream.getvalue()
