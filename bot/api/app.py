"""Builds the API: its routers, and its one shape of errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bot.api import selling, trade
from bot.api.gate import Desk
from bot.api.shapes import Error
from bot.dispatch import Dispatcher
from storage.database import Database

log = structlog.get_logger()
MAX_BYTES = 1024 * 1024
FAULTS: dict[int | str, dict[str, Any]] = {
    status: {"model": Error} for status in (400, 401, 403, 404, 409, 413, 422, 429, 500, 503)
}


def build(database: Database, dispatcher: Dispatcher, now: Callable[[], datetime]) -> FastAPI:
    """The API, to be mounted at /api. Its documentation page needs scripts from elsewhere and is left out."""
    app = FastAPI(title="Tuanzhang", version="1", docs_url=None, redoc_url=None, responses=FAULTS)
    app.state.desk = Desk(database, dispatcher, now)
    app.include_router(selling.router)
    app.include_router(trade.router)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(Exception, _failed)
    app.middleware("http")(_bounded)
    return app


async def _bounded(request: Request, go_on: Any) -> Any:
    """A body says how long it is, and is not too long."""
    length = request.headers.get("content-length", "")
    is_open_ended = "transfer-encoding" in request.headers
    if is_open_ended or (length and (not length.isdigit() or int(length) > MAX_BYTES)):
        return _error(413, "too_long", f"at most {MAX_BYTES} bytes, with Content-Length")
    return await go_on(request)


def _error(status: int, code: str, message: str, headers: Any = None) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


async def _refused(_request: Request, fault: Exception) -> JSONResponse:
    status, detail = getattr(fault, "status_code", 500), getattr(fault, "detail", "")
    said = detail if isinstance(detail, dict) else {"code": {404: "not_found", 405: "not_allowed"}.get(status, "refused"), "message": str(detail)}
    return _error(status, said["code"], said["message"], getattr(fault, "headers", None))


async def _not_understood(_request: Request, fault: Exception) -> JSONResponse:
    first = fault.errors()[0] if isinstance(fault, RequestValidationError) else {"loc": (), "msg": ""}
    return _error(422, "not_understood", f"{'.'.join(str(one) for one in first['loc'])}: {first['msg']}"[:300])


async def _failed(_request: Request, fault: Exception) -> JSONResponse:
    log.error("api failed", exc_info=fault)
    return _error(500, "failed", "our fault; it is in our log")
