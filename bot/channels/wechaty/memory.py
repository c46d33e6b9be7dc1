"""Remembers over a restart until when we heard, and who we are: a small file in the data folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import orjson


class Memory:
    """The file; what cannot be read is as if it were not there."""

    def __init__(self, home: Path, account: str) -> None:
        safe = "".join(one if one.isalnum() or one in "-_" else "_" for one in account)
        self._path = home / f"heard-{safe}.json"

    def read(self) -> tuple[datetime | None, str]:
        """Until when we heard, and our contact id."""
        try:
            told = orjson.loads(self._path.read_bytes())
            at = datetime.fromisoformat(told["heard_at"])
            return (at if at.tzinfo is not None else None), str(told["our_id"])
        except (OSError, ValueError, KeyError, TypeError):
            return None, ""

    def write(self, heard_at: datetime, our_id: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(orjson.dumps({"heard_at": heard_at.isoformat(), "our_id": our_id}))
        fresh.replace(self._path)
