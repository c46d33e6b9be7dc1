"""Keys of the API from the command line: shown once, listed without their secret, revoked once."""

from __future__ import annotations

import re

import pytest

from bot.app import open_database, wall_clock
from bot.settings import Settings
from storage import api_keys
from storage.database import Database
from tests.commands.conftest import Tuan


def opens(made: str) -> bool:
    """Does a key open what it is for?"""
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    open_database(settings)
    database = Database(settings.database)
    with database.write() as session:
        found = api_keys.find(session, made, wall_clock())
    database.close()
    return found is not None


def test_a_key_is_shown_once_listed_and_revoked_once(tuan: Tuan) -> None:
    made = tuan("key", "create", "仓库", "orders:read", "products:write")
    assert made.code == 0
    secret = made.out.split(": ")[-1].strip()
    assert opens(secret)
    listed = tuan("key", "list").out
    assert "仓库" in listed
    assert "orders:read" in listed
    assert secret not in listed
    number = re.search(r"^(\d+)\t", listed, re.MULTILINE)
    assert number is not None
    assert tuan("key", "revoke", number[1]).code == 0
    assert not opens(secret)
    assert "revoked" in tuan("key", "list").out
    again = tuan("key", "revoke", number[1])
    assert (again.code != 0, "no key" in again.err) == (True, True)


@pytest.mark.parametrize("scopes", [("everything",), ("orders:read", "x")])
def test_a_scope_there_is_not_is_refused_with_those_there_are(tuan: Tuan, scopes: tuple[str, ...]) -> None:
    refused = tuan("key", "create", "仓库", *scopes)
    assert refused.code != 0
    assert "orders:read" in refused.err
    assert "仓库" not in tuan("key", "list").out
