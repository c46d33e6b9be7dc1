"""Where WeChat Pay tells us what became of money: /pay/wechat/notify."""

from __future__ import annotations

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.payments.cashier import Cashier
from bot.payments.setup import NOTIFY
from bot.payments.wechat import Forged

log = structlog.get_logger()
MAX_BYTES = 64 * 1024


def routes(cashier: Cashier | None) -> list[BaseRoute]:
    """The address WeChat Pay calls, where it is set up."""
    if cashier is None:
        return []

    async def notify(request: Request) -> Response:
        body = bytearray()
        try:
            async for part in request.stream():
                body += part
                if len(body) > MAX_BYTES:
                    return _no(413, "too long")
            await cashier.take(request.headers, bytes(body))
        except ClientDisconnect:
            return _no(400, "incomplete")
        except Forged as forged:
            log.warning("notification refused", why=str(forged))
            return _no(401, "refused")
        except Exception:
            # Not kept: an error makes WeChat Pay call again.
            log.exception("notification not kept")
            return _no(503, "again later")
        return JSONResponse({"code": "SUCCESS", "message": ""})

    return [Route(NOTIFY, notify, methods=["POST"])]


def _no(status: int, words: str) -> Response:
    return JSONResponse({"code": "FAIL", "message": words}, status)
