"""Pages rendered once for everybody: kept in memory for at most a second, compressed beforehand, one reading at a time."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic

FRESH_SECONDS = 0.95  # of the second it may be old, some is left for the way
HURRY_SECONDS = 0.2  # after a change of which we know, no sooner than this: a crowd's joins share a rendering
MOST = 256  # kept at a time
LEVEL = 6
AT = b"@now@"  # where the page says when it was rendered; no part of what the ETag speaks of

Key = tuple[str, str]  # drop's id or code, language
Rendered = tuple[int, str, str]  # status, HTML, the drop's id


@dataclass(slots=True)
class Snapshot:
    """One page: from when on it is (by the monotonic clock), until when it may be shown, and its bytes."""

    status: int
    drop_id: str
    began: float
    until: float
    etag: bytes
    plain: bytes
    packed: bytes


class Snapshots:
    """Pages by key. Lives on the event loop; rendering happens in threads."""

    def __init__(self, render: Callable[[str, str], Rendered], epoch_ms: Callable[[], int]) -> None:
        self._render, self._epoch_ms = render, epoch_ms
        self._kept: dict[Key, Snapshot] = {}
        self._under_way: dict[Key, asyncio.Task[Snapshot]] = {}
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="drop-page")
        self.rendered = 0

    def find(self, key: Key) -> Snapshot | None:
        """A page that is fresh."""
        known = self._kept.get(key)
        return known if known is not None and monotonic() < known.until else None

    async def renew(self, key: Key) -> Snapshot:
        """Render a page; who asks meanwhile waits for the same."""
        asked = monotonic()
        while True:
            task = self._under_way.get(key)
            if task is None:
                task = asyncio.get_running_loop().create_task(self._make(key))
                self._under_way[key] = task
                task.add_done_callback(lambda _done: self._under_way.pop(key, None))
            made = await asyncio.shield(task)
            # A reading so slow that it had begun long before we asked is too old for us.
            if made.began > asked - FRESH_SECONDS:
                return made

    def hurry(self, drop_id: str) -> None:
        """A drop has changed: what shows it is not shown much longer."""
        for known in self._kept.values():
            if known.drop_id == drop_id:
                known.until = min(known.until, known.began + HURRY_SECONDS)

    async def _make(self, key: Key) -> Snapshot:
        made = await asyncio.get_running_loop().run_in_executor(self._threads, self._build, *key)
        self._kept.pop(key, None)
        while len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = made
        self.rendered += 1
        return made

    def _build(self, named: str, language: str) -> Snapshot:
        began, epoch_ms = monotonic(), self._epoch_ms()
        status, html, drop_id = self._render(named, language)
        body = html.encode()
        etag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'.encode()
        plain = body.replace(AT, str(epoch_ms).encode(), 1)
        return Snapshot(status, drop_id, began, began + FRESH_SECONDS, etag, plain, gzip.compress(plain, LEVEL, mtime=0))
