"""The room of the console's scenes, with what these pages need on top."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from storage import audit
from tests.console.conftest import Browser, Room, room

__all__ = ["audited", "field", "find_handover", "room"]


def field(page: str, name: str) -> str:
    """The value of a hidden field or an input on a page."""
    found = re.search(rf'name="{name}"[^>]*? value="([^"]*)"', page)
    assert found is not None, f"the page has no field {name}"
    return found.group(1)


def find_handover(browser: Browser) -> int:
    """The first handover in the queue, by its link."""
    found = re.search(r"/console/handovers/(\d+)", browser.get("/handovers").text)
    assert found is not None
    return int(found.group(1))


def audited(room: Room) -> Sequence[tuple[str, str, str, dict[str, object]]]:
    """The audit log, oldest first: operator, action, subject, detail."""
    with room.stage.database.read() as session:
        rows = audit.find(session, limit=200)
    return [(row.operator_name, row.action, row.subject, json.loads(row.detail)) for row in reversed(rows)]
