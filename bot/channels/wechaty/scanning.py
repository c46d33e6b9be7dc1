"""Shows the code a person must scan to log an account in, in a terminal."""

from __future__ import annotations

import io
import sys

import segno


def as_text(code: str) -> str:
    """A QR code in half blocks; empty when the words are too long for one."""
    shown = io.StringIO()
    try:
        segno.make_qr(code).terminal(shown, border=2, compact=True)
    except segno.DataOverflowError:
        return ""
    return shown.getvalue()


def show_in_terminal(text: str) -> None:
    """To standard error, where the log goes too."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
