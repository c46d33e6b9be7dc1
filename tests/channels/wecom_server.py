"""A server that speaks WeCom's wire formats over a real socket, from the official documents: access tokens that run out,
rate limits, error codes, and encrypted callbacks sealed by wechatpy's implementation."""

from __future__ import annotations

import itertools
import secrets
import socket
import threading
import time
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from wechatpy.enterprise.crypto import WeChatCrypto

from tests.channels.wecom_corp import Corp, Json, error, fine

CORP_ID, SECRET, TOKEN = "ww1a2b3c4d5e6f7a8b", "a-secret-of-the-application", "QDG6eK"
KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"  # an example key of the documents
PATIENCE = 10.0


class WecomServer:
    """The server, with what a test may do to it: run tokens out, limit, break off."""

    def __init__(self) -> None:
        self.corp = Corp()
        self.callback_url = ""
        self.calls: list[tuple[str, Json]] = []
        self.tokens_given = 0
        self._token, self._token_until, self._old_tokens = "", 0.0, set[str]()
        self._lifetime = 7200.0
        self._limits: dict[str, tuple[int, float]] = {}  # path -> (code, until)
        self._refusals: dict[str, list[int]] = {}
        self._breaks: dict[str, list[str]] = {}
        self._nonces = itertools.count(1)
        self.crypto = WeChatCrypto(TOKEN, KEY, CORP_ID)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.open()

    def open(self) -> None:
        app = Starlette(routes=[
            Route("/cgi-bin/gettoken", self._gettoken),
            Route("/cgi-bin/media/upload", self._upload, methods=["POST"]),
            Route("/cgi-bin/{path:path}", self._call, methods=["POST"]),
        ])  # fmt: skip
        self._server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="error", timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until = time.monotonic() + PATIENCE
        while not self._server.started:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.01)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)

    # What a test may do.

    def expire_token(self) -> None:
        """The token runs out before its time."""
        self._token_until = 0.0

    def limit(self, path: str, seconds: float, code: int = 45009) -> None:
        """Every call of the path is refused for so long."""
        self._limits[path] = (code, time.monotonic() + seconds)

    def refuse(self, path: str, *codes: int) -> None:
        """The next calls of the path are refused with these codes."""
        self._refusals.setdefault(path, []).extend(codes)

    def break_off(self, path: str, when: str = "after") -> None:
        """The next call of the path gets no proper answer; «after»: it was carried out all the same."""
        self._breaks.setdefault(path, []).append(when)

    def count(self, path: str) -> int:
        return sum(one == path for one, _ in self.calls)

    # The API.

    async def _gettoken(self, request: Request) -> Response:
        query = request.query_params
        if query.get("corpid") != CORP_ID:
            return JSONResponse(error(40013, "invalid corpid"))
        if query.get("corpsecret") != SECRET:
            return JSONResponse(error(40001, "invalid credential"))
        if time.monotonic() >= self._token_until:
            self._old_tokens.add(self._token)
            self._token, self._token_until = secrets.token_urlsafe(40), time.monotonic() + self._lifetime
            self.tokens_given += 1
        left = int(self._token_until - time.monotonic())
        return JSONResponse(fine(access_token=self._token, expires_in=left))

    def _refusal(self, path: str, token: str) -> Json | None:
        if not token:
            return error(41001, "access_token missing")
        if token in self._old_tokens or (token == self._token and time.monotonic() >= self._token_until):
            return error(42001, "access_token expired")
        if token != self._token:
            return error(40014, "invalid access_token")
        code, until = self._limits.get(path, (0, 0.0))
        if time.monotonic() < until:
            return error(code, "api freq out of limit")
        if self._refusals.get(path):
            return error(self._refusals[path].pop(0), "refused by the test")
        return None

    async def _call(self, request: Request) -> Response:
        path, body = request.path_params["path"], await request.json()
        refused = self._refusal(path, request.query_params.get("access_token", ""))
        if refused is not None:
            self.calls.append((f"{path}!{refused['errcode']}", body))
            return JSONResponse(refused)
        self.calls.append((path, body))
        when = self._breaks[path].pop(0) if self._breaks.get(path) else ""
        if when == "before":
            return Response("bad gateway", 502)
        answer = self.corp.answer(path, body)
        return Response("bad gateway", 502) if when else JSONResponse(answer)

    async def _upload(self, request: Request) -> Response:
        refused = self._refusal("media/upload", request.query_params.get("access_token", ""))
        if refused is not None:
            return JSONResponse(refused)
        async with request.form() as form:
            media: Any = form["media"]
            data = await media.read()
        media_id = f"media{len(self.corp.media)}"
        self.corp.media[media_id] = data
        return JSONResponse(fine(type=request.query_params["type"], media_id=media_id, created_at="1"))

    # Callbacks.

    def sealed(self, xml: str, *, timestamp: int | None = None, nonce: str = "") -> tuple[dict[str, str], str]:
        """A callback as WeCom sends it: the query and the body."""
        at = str(int(time.time()) if timestamp is None else timestamp)
        nonce = nonce or f"nonce{next(self._nonces)}"
        outer = self.crypto.encrypt_message(xml, nonce, at)
        signature = outer.partition("<MsgSignature><![CDATA[")[2].partition("]]>")[0]
        encrypted = outer.partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
        body = (
            f"<xml><ToUserName><![CDATA[{CORP_ID}]]></ToUserName><AgentID><![CDATA[]]></AgentID>"
            f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        )
        return {"msg_signature": signature, "timestamp": at, "nonce": nonce}, body

    def post(self, query: dict[str, str], body: str | bytes) -> int:
        """Post something to the callback address; gives the HTTP status."""
        return httpx.post(self.callback_url, params=query, content=body, timeout=10).status_code

    def call_back(self, event: str, **fields: Any) -> int:
        """Tell of an event, three times at most until it is taken, as WeCom does; gives the last status."""
        query, body = self.sealed(xml_of(event, **fields))
        for _ in range(3):
            status = self.post(query, body)
            if status == 200:
                break
        return status

    def chat_changed(self, chat_id: str, change: str = "update", detail: str = "", members: tuple[str, ...] = ()) -> int:
        more: dict[str, Any] = {"ChatId": chat_id, "ChangeType": change}
        if detail:
            more |= {"UpdateDetail": detail, "JoinScene": 1, "QuitScene": 0, "MemChangeCnt": len(members)}
        if members:
            more["MemChangeList"] = list(members)
        return self.call_back("change_external_chat", **more)

    def kf_written(self, open_kfid: str) -> int:
        return self.call_back("kf_msg_or_event", Token=self.corp.kf_token, OpenKfId=open_kfid)


def xml_of(event: str, **fields: Any) -> str:
    """The plain XML of an event."""
    shared = {"ToUserName": CORP_ID, "FromUserName": "sys", "CreateTime": int(time.time()), "MsgType": "event", "Event": event}
    parts = []
    for name, value in (shared | fields).items():
        if isinstance(value, list):
            inner = "".join(f"<Item><![CDATA[{one}]]></Item>" for one in value)
        else:
            inner = str(value) if isinstance(value, int) else f"<![CDATA[{value}]]>"
        parts.append(f"<{name}>{inner}</{name}>")
    return f"<xml>{''.join(parts)}</xml>"
