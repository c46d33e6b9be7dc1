"""Uploads our own pictures to WeCom, which takes files, not addresses."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import httpx
import structlog

from bot.channels.wecom.api import Api
from bot.channels.wecom.errors import WecomError

log = structlog.get_logger()

MOST = {"image": 2 * 1024 * 1024, "file": 20 * 1024 * 1024}
KEPT_SECONDS = 2.5 * 86_400  # WeCom forgets a media file after three days
MAX_KNOWN = 5_000


class Media:
    """Media ids of what lies at our own public address. Nothing else is fetched: an address is whatever somebody wrote."""

    def __init__(self, api: Api, public_url: str) -> None:
        self._api, self._public = api, urlsplit(public_url)
        self._http = httpx.AsyncClient(timeout=10.0, follow_redirects=False)
        self._known: dict[tuple[str, str], tuple[str, float]] = {}

    async def close(self) -> None:
        await self._http.aclose()

    async def find(self, url: str, kind: str) -> str:
        """The media id of a picture or file of ours; empty when there is none to be had."""
        parts = urlsplit(url)
        if (parts.scheme, parts.netloc) != (self._public.scheme, self._public.netloc):
            return ""
        now = asyncio.get_running_loop().time()
        known = self._known.get((url, kind))
        if known is not None and known[1] > now:
            return known[0]
        try:
            data = await self._fetch(url, MOST[kind])
            media_id = await self._api.upload(parts.path.rpartition("/")[2] or "file", data, kind) if data else ""
        except (httpx.HTTPError, WecomError) as error:
            log.warning("wecom upload failed", error=type(error).__name__)
            return ""
        if len(self._known) > MAX_KNOWN:
            self._known.clear()
        if media_id:
            self._known[(url, kind)] = (media_id, now + KEPT_SECONDS)
        return media_id

    async def _fetch(self, url: str, most: int) -> bytes:
        data = bytearray()
        async with self._http.stream("GET", url) as response:
            if response.status_code != 200:
                return b""
            async for part in response.aiter_bytes():
                data += part
                if len(data) > most:
                    return b""
        return bytes(data)
