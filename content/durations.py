"""Lengths of time as people write them: «15 秒», «30 分钟», «1 小时 30 分钟», «15 s», «1 h 30 min»."""

from __future__ import annotations

import re
import unicodedata

UNITS = {"zh": ((3600, "小时"), (60, "分钟"), (1, "秒")), "en": ((3600, "h"), (60, "min"), (1, "s"))}
PART = re.compile(
    r"(\d{1,7})\s*(?:(?P<days>天|days?|d)|(?P<hours>个?小时|钟头|时|hours?|h)|(?P<minutes>分钟?|minutes?|mins?|m)|(?P<seconds>秒钟?|seconds?|secs?|s))",
    re.IGNORECASE,
)
SECONDS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}


def read(written: str) -> int | None:
    """Seconds; None for what is no length of time. A number needs its unit."""
    plain = unicodedata.normalize("NFKC", written)[:60]
    found = list(PART.finditer(plain))
    if not found or PART.sub("", plain).strip():
        return None
    return sum(int(part[1]) * SECONDS[part.lastgroup or "seconds"] for part in found)


def write(seconds: int, language: str = "zh") -> str:
    """In hours, minutes and seconds; more than a day stays in hours, as promises are made."""
    parts = []
    for size, unit in UNITS.get(language, UNITS["zh"]):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or f"0 {UNITS.get(language, UNITS['zh'])[-1][1]}"
