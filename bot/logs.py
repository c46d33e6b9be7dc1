"""Structured logs: one line an event, as key=value or JSON, and never what people say or who they are."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

# What members and operators write, and who they are, stays in the database.
PERSONAL = frozenset(
    {
        *(
            "text",
            "texts",
            "words",
            "say",
            "message",
            "question",
            "answer",
            "query",
            "note",
            "body",
            "detail",
        ),
        *(
            "name",
            "names",
            "nickname",
            "member_name",
            "operator_name",
            "phone",
            "address",
            "client",
            "ip",
            "url",
        ),
        *("token", "password", "secret", "cookie"),
    }
)
FRAMES = 8
QUIET = ("uvicorn", "uvicorn.error", "uvicorn.access", "apscheduler", "alembic", "websockets", "asyncio")

Line = MutableMapping[str, Any]


def drop_personal(_logger: Any, _method: str, line: Line) -> Line:
    """Take out whatever could be personal, by the name of its key."""
    for key in [key for key in line if key in PERSONAL]:
        del line[key]
    return line


def name_error(_logger: Any, _method: str, line: Line) -> Line:
    """An exception as its type and place. Its words are left out: they may quote what a member wrote."""
    raised = line.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()[1]
    elif isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        line["error"] = type(raised).__name__
        cause = getattr(raised, "orig", None) or raised.__cause__
        if cause is not None:
            line["cause"] = type(cause).__name__
        frames = traceback.extract_tb(raised.__traceback__)[-FRAMES:]
        line["where"] = " > ".join(f"{_short(frame.filename)}:{frame.lineno}" for frame in frames)
    line.pop("stack_info", None)
    return line


def _short(filename: str) -> str:
    return "/".join(filename.rsplit("/", 3)[-2:])


def configure(*, as_json: bool = False, stream: Any = None) -> None:
    """Send our lines and other libraries' warnings to `stream` (standard error), all in one shape."""
    target = stream or sys.stderr
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        name_error,
        drop_personal,
    ]
    last: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.processors.KeyValueRenderer(key_order=["at", "level", "event"])
    )
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_name_only, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in QUIET:
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(logging.WARNING)


def _name_only(_logger: Any, _method: str, line: Line) -> Line:
    """Another library's line: its name and its words without the values put into them."""
    record: logging.LogRecord | None = line.get("_record")
    if record is not None:
        line["logger"] = record.name
        line["event"] = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        if record.exc_info:
            line["exc_info"] = record.exc_info
    return line
