"""Pictures members send: checked by their first bytes, kept under a random name, bounded in size and number."""

from __future__ import annotations

import re
import secrets
import shutil
from pathlib import Path

MAX_BYTES = 5 * 1024 * 1024
MIN_FREE_BYTES = 500 * 1024 * 1024  # the database comes first
FOLDER = "pictures"
TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}
_NAME = re.compile(r"[a-z0-9]{26}\.(?:png|jpg|webp|gif)")


class NoRoom(Exception):
    """The disk is nearly full: pictures are refused before the database suffers."""


def kind_of(data: bytes) -> str | None:
    """png, jpg, webp or gif by the first bytes; None for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return "gif" if data[:6] in (b"GIF87a", b"GIF89a") else None


class Pictures:
    """The folder of pictures in the data folder."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER

    def keep(self, data: bytes, kind: str) -> str:
        """Write a picture down; gives its address on this site. Raises NoRoom."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free < MIN_FREE_BYTES:
            raise NoRoom
        name = "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(26)) + f".{kind}"
        unfinished = self._folder / f".{name}"
        unfinished.write_bytes(data)
        unfinished.rename(self._folder / name)
        return f"/{FOLDER}/{name}"

    def take(self, data: bytes) -> str | None:
        """Write down a picture another channel brings; None when it is no picture, too large, or there is no room."""
        kind = kind_of(data) if len(data) <= MAX_BYTES else None
        try:
            return self.keep(data, kind) if kind is not None else None
        except (NoRoom, OSError):
            return None

    def find(self, name: str) -> Path | None:
        """The file of a picture's name; None when there is none."""
        path = self._folder / name
        return path if _NAME.fullmatch(name) and path.is_file() else None

    def has(self, url: str) -> bool:
        """Is this the address of a picture we keep?"""
        folder, _, name = url.rpartition("/")
        return folder == f"/{FOLDER}" and self.find(name) is not None
