"""What a test needs from the machine: missing means skipped here, and failed in CI."""

from __future__ import annotations

import os

import pytest


def need(condition: object, reason: str) -> None:
    """Go on when the condition holds; else skip with the reason, or fail where CI=true."""
    if condition:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing in CI: {reason}")
    pytest.skip(reason)
