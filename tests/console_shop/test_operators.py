"""Operators and the audit log: one-time passwords, roles, sessions that end, and a record of who did what."""

from __future__ import annotations

import re

from bot.console.operators import browser_name
from storage import operators
from tests.console.conftest import Browser, Room
from tests.console_shop.conftest import audited


def password_on(page: str) -> str:
    found = re.search(r'id="one-time-password">([^<]+)<', page)
    assert found is not None
    return found.group(1)


def operator_id(room: Room, name: str) -> int:
    with room.stage.database.read() as session:
        row = operators.find_by_name(session, name)
    assert row is not None
    return row.id


def test_a_new_operators_password_is_shown_once_and_has_to_be_changed(room: Room) -> None:
    admin = room.browser("admin")
    admin.get("/operators")
    admin.post("/operators", {"name": "阿明", "role": "manager"})
    password = password_on(admin.page)
    assert password not in admin.get("/operators").text
    newcomer = Browser(room.app)
    newcomer.sign_in("阿明", password)
    assert "一次性密码" in newcomer.page
    assert "原来的密码" in newcomer.page or 'name="old"' in newcomer.page
    assert all(password not in str(entry) for entry in audited(room))


def test_a_name_is_taken_once_and_bad_names_are_refused(room: Room) -> None:
    admin = room.browser("admin")
    admin.get("/operators")
    taken = admin.post("/operators", {"name": "老板", "role": "viewer"})
    assert taken.status_code == 422
    assert "这个名字已经有人用了" in taken.text
    for name in ("", "a", "两 个", "<b>x</b>", "长" * 61):
        assert admin.post("/operators", {"name": name, "role": "viewer"}).status_code == 422
    assert admin.post("/operators", {"name": "阿明", "role": "emperor"}).status_code == 422


def test_a_changed_role_counts_after_signing_in_again(room: Room) -> None:
    admin, manager = room.browser("admin"), room.browser("manager")
    admin.get("/operators")
    admin.post(f"/operators/{operator_id(room, '周姐')}", {"role": "viewer", "is_active": "1"})
    assert "登录" in manager.get("/faq/new").text
    manager.sign_in("周姐")
    assert manager.get("/faq/new").status_code == 403


def test_a_switched_off_operator_is_out_at_once_and_cannot_come_back(room: Room) -> None:
    admin, manager = room.browser("admin"), room.browser("manager")
    admin.get("/operators")
    admin.post(f"/operators/{operator_id(room, '周姐')}", {"role": "manager", "is_active": "0"})
    assert "已停用" in admin.page
    manager.get("/handovers")
    assert 'name="password"' in manager.page
    manager.sign_in("周姐")
    assert manager.get("/handovers", follow_redirects=False).status_code == 303


def test_nobody_shuts_themselves_out_and_one_admin_stays(room: Room) -> None:
    admin = room.browser("admin")
    room.hire("二老板", "admin")
    admin.get("/operators")
    admin.post(f"/operators/{operator_id(room, '老板')}", {"role": "viewer", "is_active": "1"})
    assert "不能改自己的角色" in admin.page
    other = Browser(room.app)
    other.sign_in("二老板")
    other.get("/operators")
    other.post(f"/operators/{operator_id(room, '老板')}", {"role": "viewer", "is_active": "1"})
    with room.stage.database.read() as session:
        assert operators.count_admins(session) == 1
    admin.sign_in("老板")
    assert admin.get("/operators").status_code == 403


def test_a_reset_password_replaces_the_old_one_and_ends_the_sessions(room: Room) -> None:
    admin, manager = room.browser("admin"), room.browser("manager")
    admin.get("/operators")
    admin.post(f"/operators/{operator_id(room, '周姐')}/password")
    password = password_on(admin.page)
    assert manager.get("/handovers", follow_redirects=False).status_code == 303
    manager.sign_in("周姐")
    assert 'name="password"' in manager.page
    manager.sign_in("周姐", password)
    assert 'name="new"' in manager.page


def test_one_browser_can_be_signed_out(room: Room) -> None:
    admin, manager = room.browser("admin"), room.browser("manager")
    page = admin.get("/operators").text
    session_id = re.findall(r"/operators/sessions/(\d+)/revoke", page)
    assert len(session_id) == 1
    admin.post(f"/operators/sessions/{session_id[0]}/revoke")
    assert "已退出那个浏览器" in admin.page
    assert manager.get("/handovers", follow_redirects=False).status_code == 303
    assert admin.post(f"/operators/sessions/{session_id[0]}/revoke").status_code == 404


def test_browsers_are_told_by_name() -> None:
    told = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126 Safari/537.36"
    assert browser_name(told) == "Chrome · Windows"
    assert browser_name("Mozilla/5.0 (iPhone; CPU iPhone OS 17) MicroMessenger/8.0") == "WeChat · iPhone"
    assert browser_name("curl/8.5") == "curl/8.5"


def test_the_audit_log_tells_who_did_what_and_is_paged(room: Room) -> None:
    entry_id = room.stage.knows("几点关门？", "八点半。")
    manager, admin = room.browser("manager"), room.browser("admin")
    manager.get("/faq")
    for number in range(55):
        manager.post(f"/faq/{entry_id}/switch", {"is_enabled": str(number % 2)})
    page = admin.get("/audit?q=faq").text
    assert page.count("启用或停用问答") == 50
    assert f'href="/console/faq/{entry_id}"' in page
    older = re.search(r"before=(\d+)", page)
    assert older is not None
    assert admin.get(f"/audit?q=faq&before={older.group(1)}").text.count("启用或停用问答") == 5
    assert "启用或停用问答" not in admin.get(f"/audit?who={operator_id(room, '老板')}").text


def test_only_admins_see_operators_and_the_audit_log(room: Room) -> None:
    for role in ("viewer", "manager"):
        browser = room.browser(role)
        for path in ("/operators", "/audit"):
            assert browser.get(path).status_code == 403
        assert browser.post("/operators", {"name": "阿明", "role": "admin"}).status_code == 403
        assert "/console/operators" not in browser.get("/faq").text


def test_every_page_can_be_read_in_english(room: Room) -> None:
    entry_id, product_id = room.stage.knows("几点关门？", "八点半。"), room.stage.sells("云南草莓", 3990)
    room.stage.says("小王", "转人工")
    admin = room.browser("admin", language="en")
    for path, words in (
        ("/handovers", "Waiting"), ("/handovers/1", "Asked for a person"), ("/faq", "Test bench"),
        (f"/faq/{entry_id}", "Other phrasings"), ("/faq/bench?q=几点关门&to=us", "Would answer"),
        ("/products", "In stock"), (f"/products/{product_id}", "SKUs and stock"), ("/groups", "Messages, 7 days"),
        ("/groups/stage:g", "Answers when sure"), ("/members", "Members"), ("/members/stage:小王", "Note"),
        ("/operators", "Add an operator"), ("/audit", "Audit log"), ("/groups/new", "Code"),
    ):
        response = admin.get(path)
        assert response.status_code == 200
        assert words in response.text
