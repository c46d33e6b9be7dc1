"""One connection to a Wechaty gateway: calls, the stream of events, uploads and downloads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
import grpc.aio

if TYPE_CHECKING:
    from bot.settings import Settings

Result = TypeVar("Result")

SERVICE = "/wechaty.Puppet/"
CALL_SECONDS = 15.0
MAX_BYTES = 32 * 1024 * 1024  # of one answer
PART_BYTES = 64 * 1024
OPTIONS = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # Without this the core waits a minute for the answer to a ping, whatever the keepalive timeout says.
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.min_reconnect_backoff_ms", 3_000),
    ("grpc.max_reconnect_backoff_ms", 3_000),
    ("grpc.max_receive_message_length", MAX_BYTES),
)
_FOR_OLD_GATEWAYS = "grpc.default_authority"  # before 0.30 they read the token there


class BadAddress(Exception):
    """The settings do not say how to reach a gateway; the words say what to change."""


class Trouble(Exception):
    """A call that failed: a gRPC status by name (UNAVAILABLE …) and the gateway's words."""

    def __init__(self, code: str, words: str = "") -> None:
        super().__init__(f"{code}: {words}"[:300])
        self.code, self.words = code, words


@dataclass(frozen=True, slots=True)
class Address:
    """Where a gateway is and how we prove who we are. `ca` is the one certificate authority we trust, as PEM."""

    endpoint: str
    token: str = field(repr=False)
    ca: bytes | None = None
    is_insecure: bool = False

    @property
    def server_name(self) -> str:
        """The name a gateway's certificate carries, where the token begins with it (`insecure_…`)."""
        name, separator, _ = self.token.partition("_")
        return name if separator else ""


def address_of(settings: Settings) -> Address:
    """The gateway's address by the settings. Raises BadAddress."""
    endpoint = settings.wechaty_endpoint.partition("://")[2] or settings.wechaty_endpoint
    endpoint = endpoint.rstrip("/")
    token = settings.wechaty_token.get_secret_value()
    if ":" not in endpoint:
        raise BadAddress("TUAN_WECHATY_ENDPOINT is host:port")
    if not token or not token.isascii() or not token.isprintable():
        raise BadAddress("TUAN_WECHATY_TOKEN is missing or holds characters no token has")
    ca = None
    if settings.wechaty_ca is not None:
        if settings.wechaty_insecure:
            raise BadAddress("TUAN_WECHATY_CA and TUAN_WECHATY_INSECURE contradict each other")
        ca = _read_ca(settings.wechaty_ca)
    return Address(endpoint, token, ca, settings.wechaty_insecure)


def _read_ca(path: Path) -> bytes:
    try:
        ca = path.read_bytes()
    except OSError as error:
        raise BadAddress(f"TUAN_WECHATY_CA cannot be read: {error.strerror}") from None
    if b"-----BEGIN CERTIFICATE-----" not in ca:
        raise BadAddress("TUAN_WECHATY_CA is not a PEM certificate")
    return ca


class Gateway:
    """A connection; `calls` counts the RPCs made."""

    def __init__(self, address: Address) -> None:
        options: list[tuple[str, Any]] = list(OPTIONS)
        if address.is_insecure:
            options.append((_FOR_OLD_GATEWAYS, address.token))
            self._channel = grpc.aio.insecure_channel(address.endpoint, options)
        else:
            if address.ca is not None and address.server_name:
                options.append(("grpc.ssl_target_name_override", address.server_name))
            self._channel = grpc.aio.secure_channel(
                address.endpoint, grpc.ssl_channel_credentials(address.ca), options
            )
        self._metadata = (("authorization", f"Wechaty {address.token}"),)
        self._methods: dict[str, Any] = {}
        self.calls = 0

    def ask(self, method: str, request: bytes = b"", seconds: float = CALL_SECONDS) -> Awaitable[bytes]:
        """Send one request now, without waiting; give what comes to `answer`."""
        known = self._methods.get(method)
        if known is None:
            known = self._methods[method] = self._channel.unary_unary(SERVICE + method)
        self.calls += 1
        asked: Awaitable[bytes] = known(request, metadata=self._metadata, timeout=seconds)
        return asked

    async def call(self, method: str, request: bytes = b"", seconds: float = CALL_SECONDS) -> bytes:
        """One request, one answer, both as bytes. Raises Trouble."""
        return await answer(self.ask(method, request, seconds))

    async def events(self) -> AsyncIterator[bytes]:
        """What happens, as it happens, until the gateway ends it. Raises Trouble."""
        self.calls += 1
        stream: Any = self._channel.unary_stream(SERVICE + "Event")(b"", metadata=self._metadata)
        try:
            while (data := await answer(stream.read())) is not grpc.aio.EOF:
                yield data
            await answer(_status(stream))
        finally:
            stream.cancel()

    async def upload(self, data: bytes, encode: Any, wait_seconds: float = 0.0) -> bytes:
        """Send data in parts; `encode` makes a request of each. Whoever refuses before the first part, which waits
        so long, is understood; in mid-sending gRPC may lose the reason and say INTERNAL. Raises Trouble."""

        async def parts() -> AsyncIterator[bytes]:
            await asyncio.sleep(wait_seconds)
            for start in range(0, len(data), PART_BYTES):
                yield encode(data[start : start + PART_BYTES])

        self.calls += 1
        call: Any = self._channel.stream_unary(SERVICE + "Upload")(parts(), metadata=self._metadata, timeout=60)
        told: bytes = await answer(call)
        return told

    async def download(self, their_id: bytes, decode: Any, max_bytes: int, seconds: float) -> bytes:
        """Read something in parts. Raises Trouble, also when it is larger than `max_bytes`."""
        self.calls += 1
        stream: Any = self._channel.unary_stream(SERVICE + "Download")(
            their_id, metadata=self._metadata, timeout=seconds
        )
        whole = bytearray()
        try:
            while (data := await answer(stream.read())) is not grpc.aio.EOF:
                whole += decode(data)
                if len(whole) > max_bytes:
                    raise Trouble("OUT_OF_RANGE", "too large")
        finally:
            stream.cancel()
        return bytes(whole)

    async def close(self) -> None:
        await self._channel.close()


async def _status(stream: Any) -> None:
    code = await stream.code()
    if code is not grpc.StatusCode.OK:
        raise Trouble(code.name, await stream.details() or "")


async def answer(call: Awaitable[Result]) -> Result:
    """Await a call; whatever gRPC raises becomes Trouble. A call that ended with its connection looks cancelled."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise Trouble(error.code().name, error.details() or "") from None
    except (grpc.aio.UsageError, grpc.aio.InternalError) as error:
        raise Trouble("CANCELLED", str(error)) from None
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise Trouble("CANCELLED", "the connection was closed") from None
