"""Style, script and htmx, read once: joined, named by their hash, kept by browsers for a year."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STATIC = Path(__file__).parent / "static"
TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it goes over the wire, plain and gzipped."""

    name: str
    url: str
    plain: bytes
    packed: bytes

    @property
    def content_type(self) -> str:
        return TYPES[self.name.rpartition(".")[2]]


class Assets:
    """The console's files by name: console.css, console.js (each joined from static/), htmx.js, icon.svg."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._by_name = {name: _pack(name, content) for name, content in files.items()}

    @classmethod
    def load(cls) -> Assets:
        htmx = resources.files("js_lib_htmx").joinpath("static/htmx/htmx.min.js").read_bytes()
        return cls(
            {
                "console.css": _joined("*.css"),
                "console.js": _joined("*.js"),
                "htmx.js": htmx,
                "icon.svg": (STATIC / "icon.svg").read_bytes(),
            }
        )

    def url(self, name: str) -> str:
        return self._by_name[name].url

    def route(self) -> Route:
        return Route("/static/{digest}/{name}", self._serve)

    async def _serve(self, request: Request) -> Response:
        asset = self._by_name.get(request.path_params["name"])
        if asset is None:
            return Response(status_code=404)
        # An old page may ask for an old hash after an upgrade: it gets the file of now, but does not keep it.
        is_current = asset.url.endswith(f"/{request.path_params['digest']}/{asset.name}")
        headers = {
            "Cache-Control": FOR_EVER if is_current else "no-cache",
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            "Content-Type": asset.content_type,
        }
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.packed, headers=headers | {"Content-Encoding": "gzip"})
        return Response(asset.plain, headers=headers)


def _joined(pattern: str) -> bytes:
    """console.* first, the others by name."""
    files = sorted(STATIC.glob(pattern), key=lambda file: (file.stem != "console", file.name))
    return b"\n".join(file.read_bytes() for file in files)


def _pack(name: str, content: bytes) -> Asset:
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Asset(name, f"/console/static/{digest}/{name}", content, gzip.compress(content, 9, mtime=0))
