"""Which pages may open a socket: our own, those the settings name, and programs, which send no Origin."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers

from bot.settings import Settings


def is_allowed(headers: Headers, settings: Settings) -> bool:
    """A browser always sends Origin and a page cannot forge it; what has none is no browser."""
    origin = headers.get("origin")
    if origin is None:
        return True
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return False
    plain = f"{parts.scheme}://{parts.netloc}".lower()
    is_ours = parts.netloc.lower() == headers.get("host", "").lower()
    return is_ours or plain == settings.public_url.lower() or plain in {one.lower() for one in settings.origins}
