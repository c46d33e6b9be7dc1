"""How a gateway is handed a file, and how it hands us one: file boxes, by address or in parts.

A file box is JSON: {"type": 1 base64 | 2 url | 7 uuid, "name": …} (npm file-box, file-box.type.ts)."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import orjson
from wechaty_grpc.wechaty.puppet import DownloadRequest, DownloadResponse, UploadRequest, UploadResponse

from bot.channels.base import NeverSaid, TryAgain
from bot.channels.wechaty.gateway import Gateway, Trouble

BASE64, URL, UUID = 1, 2, 7
MAX_OUT_BYTES = 20 * 1024 * 1024
MAX_IN_BYTES = 5 * 1024 * 1024
# A request over 4 MiB is refused by the gateway's gRPC server; base64 takes a third more.
MAX_INLINE_BYTES = 2 * 1024 * 1024
SECONDS = 15.0
WHY_SECONDS = 0.5  # for a refusal to arrive before we send

Keep = Callable[[bytes], str | None]  # writes a picture down, gives its address on our site


def box_of_address(name: str, address: str) -> str:
    """A file the gateway fetches itself."""
    return orjson.dumps({"type": URL, "name": name, "url": address}).decode()


async def box_of_data(gateway: Gateway, name: str, data: bytes) -> str:
    """A file sent in parts; inside the request where a gateway knows no uploads. Raises Trouble, NeverSaid."""
    try:
        answer = await _uploaded(gateway, data)
    except Trouble as trouble:
        if trouble.code != "UNIMPLEMENTED":
            raise
        if len(data) > MAX_INLINE_BYTES:
            raise NeverSaid("this gateway takes no large files") from None
        return orjson.dumps({"type": BASE64, "name": name, "base64": base64.b64encode(data).decode()}).decode()
    return orjson.dumps({"type": UUID, "name": name, "uuid": UploadResponse().parse(answer).id}).decode()


async def _uploaded(gateway: Gateway, data: bytes) -> bytes:
    def encode(part: bytes) -> bytes:
        return bytes(UploadRequest(chunk=part))

    try:
        return await gateway.upload(data, encode)
    except Trouble as trouble:
        if trouble.code != "INTERNAL":
            raise
        return await gateway.upload(data, encode, WHY_SECONDS)


def is_public(address: str) -> bool:
    """Can a gateway elsewhere fetch this address?"""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or host == "localhost" or ("." not in host and ":" not in host):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True


class OurFiles:
    """Files of our own site, read from ourselves when no gateway could reach it."""

    def __init__(self, public_url: str, local_url: str) -> None:
        self._public, self._local = public_url.rstrip("/"), local_url.rstrip("/")

    def public(self, address: str) -> str:
        """The address as others reach it."""
        return self._public + address if address.startswith("/") else address

    def is_ours(self, address: str) -> bool:
        return address.startswith(("/", self._public + "/"))

    async def read(self, address: str) -> bytes:
        """A file of ours. Raises NeverSaid, TryAgain."""
        path = address.removeprefix(self._public)
        try:
            async with (
                httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client,
                client.stream("GET", self._local + path) as answer,
            ):
                if answer.status_code != 200:
                    raise NeverSaid(f"the file is not there ({answer.status_code})")
                data = bytearray()
                async for part in answer.aiter_bytes():
                    data += part
                    if len(data) > MAX_OUT_BYTES:
                        raise NeverSaid("the file is too large")
        except httpx.HTTPError as error:
            raise TryAgain(f"the file cannot be read: {type(error).__name__}") from error
        return bytes(data)


async def read_box(gateway: Gateway, box: str) -> bytes | None:
    """The data of a file box a gateway gives us; None where it is only an address or is malformed. Raises Trouble."""
    try:
        told = orjson.loads(box)
        kind = told.get("type", told.get("boxType"))
        if kind == BASE64 and len(told["base64"]) <= MAX_IN_BYTES * 4 // 3 + 4:
            return base64.b64decode(told["base64"])
        uuid = str(told["uuid"]) if kind == UUID else ""
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
        return None
    if not uuid:
        return None
    request = bytes(DownloadRequest(id=uuid))
    return await gateway.download(request, lambda part: DownloadResponse().parse(part).chunk, MAX_IN_BYTES, SECONDS)
