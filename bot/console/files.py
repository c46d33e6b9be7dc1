"""Files that take a while: made in a thread beside the pages, with how far they are, and handed out once to who asked."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from content.sheets import Told

KEPT, MOST_KEPT, AT_ONCE = timedelta(minutes=15), 12, 2
Build = Callable[[Told], bytes]


class Full(Exception):
    """As many files are kept, or being made, as there is room for."""


@dataclass(slots=True)
class File:
    """A file of one operator: `written` of `total` rows so far; `made` ends with its bytes."""

    id: str
    owner_id: int
    name: str
    total: int
    asked_at: datetime
    made: Future[bytes]
    written: int = 0

    @property
    def percent(self) -> int:
        return min(100, self.written * 100 // self.total) if self.total else 0

    @property
    def has_failed(self) -> bool:
        return self.made.done() and self.made.exception() is not None


class Files:
    """The files being made, and those not handed out yet."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now, self._lock = now, threading.Lock()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="file")
        self._files: OrderedDict[str, File] = OrderedDict()

    def start(self, owner_id: int, name: str, total: int, build: Build) -> File:
        """Begin to make a file. Raises Full."""
        now = self._now()
        with self._lock:
            for old in [one.id for one in self._files.values() if one.made.done() and now - one.asked_at > KEPT]:
                del self._files[old]
            if len(self._files) >= MOST_KEPT:
                raise Full
            file = File(secrets.token_hex(12), owner_id, name, total, now, Future())
            self._files[file.id] = file
        self._threads.submit(self._make, file, build)
        return file

    def _make(self, file: File, build: Build) -> None:
        def told(written: int) -> None:
            file.written = written

        try:
            file.made.set_result(build(told))
        except Exception as error:
            file.made.set_exception(error)

    def find(self, file_id: str, owner_id: int) -> File | None:
        """A file that this operator asked for."""
        with self._lock:
            file = self._files.get(file_id)
        return file if file is not None and file.owner_id == owner_id else None

    def drop(self, file_id: str) -> None:
        """It was handed out."""
        with self._lock:
            self._files.pop(file_id, None)
