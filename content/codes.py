"""QR codes as drawings without styles of their own, so that the page's policy lets them in."""

from __future__ import annotations

import segno


def draw(text: str, title: str = "") -> str:
    """What a camera reads from it is `text`; SVG to stand in the page."""
    named = {"title": title} if title else {}
    drawing: str = segno.make(text, error="m").svg_inline(
        scale=4, border=2, omitsize=True, svgclass="qr", lineclass="qr-dark", **named
    )
    return drawing
