"""A small server that speaks the chat-completions API over a socket, and misbehaves when told to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

USAGE = {"prompt_tokens": 400, "completion_tokens": 50, "total_tokens": 450}


@dataclass(frozen=True)
class Told:
    """How one request is to be met: the words of the reply, or a status, or trouble on the way."""

    words: str = ""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None  # sent as it is, instead of what a good server would say
    wait: float = 0.0  # seconds before the first byte
    pause: float = 0.0  # seconds between the pieces of a stream
    drops: str = ""  # "before": not a byte is sent; "within": in the middle of the reply; "end": without the last piece
    has_usage: bool = True


def choice(*cited: str, answer: str = "", aspect: str = "") -> str:
    """The words of a well-formed reply."""
    return json.dumps({"cited": list(cited), "aspect": aspect, "answer": answer}, ensure_ascii=False)


@dataclass
class ModelServer:
    """Started in a thread of its own; `tell` is asked for each chat request, `requests` keeps their bodies."""

    tell: Callable[[dict[str, Any]], Told] = lambda request: Told(choice())
    vector: Callable[[str], list[float]] = lambda text: [1.0, 0.0]
    requests: list[dict[str, Any]] = field(default_factory=list)
    embedded: list[list[str]] = field(default_factory=list)
    port: int = 0

    def start(self) -> None:
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()

        async def serve() -> None:
            self._stopped = asyncio.Event()
            server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await self._stopped.wait()
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(serve(),))
        self._thread.start()
        ready.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)
        self._loop.close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def questions(self) -> list[str]:
        return [json.loads(one["messages"][1]["content"])["question"] for one in self.requests]

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
            request = json.loads(await reader.readexactly(int(fields["content-length"])))
            if "/embeddings" in lines[0]:
                await self._embed(writer, request)
            else:
                self.requests.append(request)
                await self._reply(writer, request, self.tell(request))
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            self._tasks.discard(task)
            with contextlib.suppress(ConnectionError):
                writer.close()

    async def _embed(self, writer: asyncio.StreamWriter, request: dict[str, Any]) -> None:
        self.embedded.append(request["input"])
        data = [
            {"object": "embedding", "index": at, "embedding": self.vector(text)} for at, text in enumerate(request["input"])
        ]
        usage = {"prompt_tokens": 30, "total_tokens": 30}
        body = json.dumps({"object": "list", "model": request["model"], "data": data, "usage": usage}).encode()
        writer.write(_head(200, "application/json", (), len(body)) + body)
        await writer.drain()

    async def _reply(self, writer: asyncio.StreamWriter, request: dict[str, Any], told: Told) -> None:
        await asyncio.sleep(told.wait)
        if told.drops == "before":
            return
        if told.status != 200 or told.body is not None:
            body = told.body if told.body is not None else b'{"error": {"message": "no"}}'
            writer.write(_head(told.status, "application/json", told.headers, len(body)) + body)
        elif request.get("stream"):
            await self._stream(writer, told)
        else:
            message = {"role": "assistant", "content": told.words}
            whole = {
                "id": "c1", "object": "chat.completion", "created": 1, "model": request["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            } | ({"usage": USAGE} if told.has_usage else {})
            body = json.dumps(whole).encode()
            sent = body[: len(body) // 2] if told.drops else body
            writer.write(_head(200, "application/json", (), len(body)) + sent)
        await writer.drain()

    async def _stream(self, writer: asyncio.StreamWriter, told: Told) -> None:
        writer.write(_head(200, "text/event-stream", told.headers, None))
        pieces = [told.words[at : at + 7] for at in range(0, len(told.words), 7)]
        if told.drops == "within":
            pieces = pieces[: len(pieces) // 2]
        for piece in pieces:
            writer.write(_event({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}))
            await writer.drain()
            await asyncio.sleep(told.pause)
        if not told.drops:
            writer.write(_event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
            if told.has_usage:
                writer.write(_event({"choices": [], "usage": USAGE}))
            writer.write(b"data: [DONE]\n\n")


def _event(values: dict[str, Any]) -> bytes:
    whole = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"} | values
    return b"data: " + json.dumps(whole).encode() + b"\n\n"


def _head(status: int, kind: str, headers: tuple[tuple[str, str], ...], length: int | None) -> bytes:
    lines = [f"HTTP/1.1 {status} Told", f"content-type: {kind}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    if length is not None:
        lines.append(f"content-length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
