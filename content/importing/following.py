"""Reads a time that follows something, as operators write it: «成团前2小时», «入群后第3天 10:00»."""

from __future__ import annotations

import re
from typing import Any

FOLLOWED = {
    "入群": "join", "建群": "group", "开团": "drop_opens", "截团": "drop_closes", "截止": "drop_closes", "成团": "drop_forms",
}
MINUTES = {"分钟": 1, "小时": 60, "天": 1440, "日": 1440}
WORDS = re.compile(
    r"(入群|建群|开团|截团|截止|成团)(前|后)第?(\d{1,4})个?(分钟|小时|天|日)的?(?:(\d{1,2})[:：](\d{2}))?"
)


def read(written: str) -> dict[str, Any] | None:
    """The fields of a plan that follows something; None where the words say no such time."""
    found = WORDS.fullmatch("".join(written.split()))
    if found is None:
        return None
    followed, side, count, unit, hour, minute = found.groups()
    offset = int(count) * MINUTES[unit] * (-1 if side == "前" else 1)
    at_time = f"{int(hour):02d}:{minute}" if hour else ""
    return {"when": FOLLOWED[followed], "when_kind": "after", "offset_minutes": offset, "at_time": at_time}
