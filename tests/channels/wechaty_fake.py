"""A tiny Puppet Service server for what the mock cannot do: freeze, hold a stream, refuse uploads, take over."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import orjson
from wechaty_grpc.wechaty import puppet
from wechaty_grpc.wechaty.puppet import EventType

END = object()
ROOM = "r0@chatroom"


class FakeGateway:
    """Answers every call; `asked` are the calls by name with their requests."""

    def __init__(self) -> None:
        self.rooms = [ROOM]
        self.asked: list[tuple[str, bytes]] = []
        self.payloads: dict[str, puppet.MessagePayloadResponse] = {}
        self.refusals: dict[str, tuple[grpc.StatusCode, str]] = {}
        self.busy = 0  # how many more times the stream is refused as taken
        self.logs_in = True
        self.is_silent = False  # answers nothing
        self.events: asyncio.Queue[Any] = asyncio.Queue()
        self.streams = 0
        self.endpoint = ""

    def count(self, method: str) -> int:
        return Counter(name for name, _ in self.asked)[method]

    def tell(self, kind: EventType, payload: Any) -> None:
        words = payload if isinstance(payload, str) else orjson.dumps(payload).decode()
        self.events.put_nowait(bytes(puppet.EventResponse(type=kind, payload=words)))

    def say(self, message_id: str, text: str, talker: str = "p0", kind: int = 7, room: str = ROOM) -> None:
        payload = puppet.MessagePayloadResponse(id=message_id, text=text, talker_id=talker, room_id=room)
        self.payloads[message_id] = payload
        payload.type = kind  # type: ignore[assignment]
        self.tell(EventType.EVENT_TYPE_MESSAGE, {"messageId": message_id})

    def service(self, details: Any) -> Any:
        method = details.method.rpartition("/")[2]
        if method == "Event":
            return grpc.unary_stream_rpc_method_handler(self._event)
        if method == "Upload":
            return grpc.stream_unary_rpc_method_handler(self._upload)

        async def answer(request: bytes, context: Any) -> bytes:
            return await self._answer(method, request, context)

        return grpc.unary_unary_rpc_method_handler(answer)

    async def _event(self, _request: bytes, context: Any) -> AsyncIterator[bytes]:
        self.asked.append(("Event", b""))
        if self.busy:
            self.busy -= 1
            await context.abort(grpc.StatusCode.ALREADY_EXISTS, "can not call twice")
        self.streams += 1
        if not self.is_silent:
            yield bytes(puppet.EventResponse(type=EventType.EVENT_TYPE_HEARTBEAT, payload=""))
        if self.logs_in:
            yield bytes(puppet.EventResponse(type=EventType.EVENT_TYPE_LOGIN, payload='{"contactId":"bot"}'))
        while (event := await self.events.get()) is not END:
            yield event

    async def _upload(self, parts: AsyncIterator[bytes], context: Any) -> bytes:
        if "Upload" in self.refusals:
            await context.abort(*self.refusals["Upload"])
        async for _ in parts:
            continue
        return bytes(puppet.UploadResponse(id="u1"))

    async def _answer(self, method: str, request: bytes, context: Any) -> bytes:
        self.asked.append((method, request))
        if self.is_silent:
            await asyncio.sleep(3600)
        if method in self.refusals:
            await context.abort(*self.refusals[method])
        match method:
            case "MessagePayload":
                wanted = puppet.MessagePayloadRequest().parse(request).id
                return bytes(self.payloads[wanted])
            case "RoomList":
                return bytes(puppet.RoomListResponse(ids=self.rooms))
            case "RoomPayload":
                return bytes(puppet.RoomPayloadResponse(id=ROOM, topic="群"))
            case "RoomMemberList":
                return bytes(puppet.RoomMemberListResponse(member_ids=["bot", "p0"]))
            case "RoomMemberPayload":
                return bytes(puppet.RoomMemberPayloadResponse(name="邻居"))
            case "ContactPayload":
                return bytes(puppet.ContactPayloadResponse(name="小团"))
            case "MessageSendText" | "MessageSendFile":
                return bytes(puppet.MessageSendTextResponse(id="said1"))
        return b""


class _Door(grpc.GenericRpcHandler):
    def __init__(self, gateway: FakeGateway) -> None:
        self.gateway = gateway

    def service(self, details: Any) -> Any:
        return self.gateway.service(details)


@asynccontextmanager
async def fake(gateway: FakeGateway | None = None, credentials: Any = None) -> AsyncIterator[FakeGateway]:
    gateway = gateway or FakeGateway()
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers((_Door(gateway),))
    anywhere = "127.0.0.1:0"
    port = server.add_secure_port(anywhere, credentials) if credentials else server.add_insecure_port(anywhere)
    gateway.endpoint = f"127.0.0.1:{port}"
    await server.start()
    try:
        yield gateway
    finally:
        await server.stop(None)
