"""The book made again, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import text

from storage.database import Database
from storage.terms import Reward
from tests.commands.conftest import Tuan
from tests.rewards.book import Book


def test_a_sound_book_comes_out_the_same_and_a_damaged_one_is_told(tuan: Tuan, home: Path) -> None:
    assert tuan("referral", "recompute").code == 0
    database = Database(f"sqlite:///{home / 'tuan.db'}")
    with database.write() as session:
        book = Book(session)
        book.campaign(Reward(level=1, amount=500))
        book.touch("李四", "小王")
        order_id = book.bought("李四")
    database.close()
    sound = tuan("referral", "recompute", "--json")
    assert (sound.code, json.loads(sound.out)) == (0, {"orders": 1, "differences": [], "is_balanced": True})
    database = Database(f"sqlite:///{home / 'tuan.db'}")
    with database.write() as session:
        session.execute(text("update commissions set amount = 499"))
        session.execute(text("update attributions set referrer_id = '阿芳'"))
        session.execute(text("delete from ledger_entries where side = 1"))
    database.close()
    told = tuan("referral", "recompute", "--json")
    found = json.loads(told.out)
    assert (told.code, found["is_balanced"], {one["subject"] for one in found["differences"]}) == (1, False, {order_id})
    plain = tuan("referral", "recompute")
    assert (plain.code, "the ledger does not balance" in plain.out, order_id in plain.out) == (1, True, True)
