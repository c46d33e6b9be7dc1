"""Scenes at the door: signing in and out, guessing passwords, tokens, roles, and sessions that end."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from bot.console import throttle
from bot.console.passwords import create_first_admin
from storage import operators
from storage.audit import AuditEntry
from storage.operators import OperatorSession, SignInFailure
from tests.console.conftest import PASSWORD, Browser, Room


def actions(room: Room) -> list[str]:
    with room.stage.database.read() as session:
        return [entry.action for entry in session.query(AuditEntry).order_by(AuditEntry.id)]


def test_who_is_not_signed_in_comes_to_the_door(room: Room) -> None:
    browser = room.browser()
    for path in ("/today", "/log", "/log/1", "/log/count", "/password"):
        answer = browser.get(path)
        assert answer.url.path == "/console/sign-in"
    assert browser.get("/today", headers={"hx-request": "true"}).headers["hx-redirect"] == "/console/sign-in"


def test_the_first_admin_chooses_a_password_before_anything_else(room: Room) -> None:
    with room.stage.database.write() as session:
        password = create_first_admin(session, room.stage.time)
        assert create_first_admin(session, room.stage.time) is None
    assert password is not None
    browser = room.browser()
    browser.sign_in("admin", password)
    assert browser.get("/log").url.path == "/console/password"
    wrong = browser.post("/password", {"old": password, "new": "短", "again": "短"})
    assert wrong.status_code == 422
    assert "至少 8 个字" in wrong.text
    unequal = browser.post("/password", {"old": password, "new": PASSWORD + "1", "again": PASSWORD + "2"})
    assert "两次输入的新密码不一样" in unequal.text
    assert PASSWORD not in unequal.text
    browser.post("/password", {"old": password, "new": PASSWORD + "1", "again": PASSWORD + "1"})
    assert browser.get("/log").url.path == "/console/log"
    assert room.browser().sign_in("admin", password).status_code == 401
    assert "operator.change_password" in actions(room)


def test_a_password_is_kept_as_argon2_and_a_token_as_its_hash(room: Room) -> None:
    browser = room.browser("manager")
    token = browser.client.cookies["tuan_session"]
    with room.stage.database.read() as session:
        operator = operators.find_by_name(session, "周姐")
        assert operator is not None
        assert operator.password_hash.startswith("$argon2id$")
        row = session.query(OperatorSession).one()
        assert token not in (row.token_hash, row.browser)
        assert len(row.token_hash) == 64


def test_the_cookie_is_for_this_site_and_no_script(room: Room) -> None:
    room.hire("周姐", "manager")
    browser = room.browser()
    browser.get("/sign-in")
    browser.client.follow_redirects = False
    answer = browser.post("/sign-in", {"name": "周姐", "password": PASSWORD})
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("tuan_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    room.desk.is_https = True
    browser.get("/sign-in")
    again = browser.post("/sign-in", {"name": "周姐", "password": PASSWORD})
    assert all("Secure" in one for one in again.headers.get_list("set-cookie"))


def test_a_wrong_password_many_times_must_wait_and_longer_each_time(room: Room) -> None:
    room.hire("周姐", "manager")
    browser = room.browser()
    for _ in range(throttle.FREE_PAIR):
        assert browser.sign_in("周姐", "猜的").status_code == 401
    locked = browser.sign_in("周姐", PASSWORD)
    assert locked.status_code == 429
    assert "秒后再试" in locked.text
    room.stage.time += timedelta(seconds=31)
    assert browser.sign_in("周姐", "又猜的").status_code == 401
    room.stage.time += timedelta(seconds=31)
    assert browser.sign_in("周姐", PASSWORD).status_code == 429
    room.stage.time += timedelta(seconds=30)
    assert browser.sign_in("周姐", PASSWORD).url.path == "/console/today"
    with room.stage.database.read() as session:
        assert session.query(SignInFailure).count() == 0


def test_nobody_learns_which_names_exist(room: Room) -> None:
    room.hire("周姐", "manager")
    known, unknown = room.browser().sign_in("周姐", "猜的"), room.browser().sign_in("没有这个人", "猜的")
    assert known.status_code == unknown.status_code == 401
    assert "名字或密码不对" in known.text
    assert "名字或密码不对" in unknown.text
    for _ in range(throttle.FREE_PAIR):
        last = room.browser().sign_in("没有这个人", "猜的")
    assert last.status_code == 429


def test_guessing_many_names_from_one_address_is_slowed_down(room: Room) -> None:
    room.hire("周姐", "manager")
    for number in range(throttle.FREE_ADDRESS):
        with room.stage.database.write() as session:
            operators.add_failure(session, f"名字{number}", "testclient", room.stage.time)
    assert room.browser().sign_in("周姐").status_code == 429


def test_a_stranger_elsewhere_does_not_keep_an_operator_out(room: Room) -> None:
    room.hire("周姐", "manager")
    for _ in range(throttle.FREE_ADDRESS):
        with room.stage.database.write() as session:
            operators.add_failure(session, "周姐", "198.51.100.7", room.stage.time)
    assert room.browser().sign_in("周姐").url.path == "/console/today"


def test_a_form_without_the_sessions_token_is_refused(room: Room) -> None:
    browser = room.browser("manager")
    other = room.browser("admin")
    for token in ("", "x", other.page.split('name="csrf" value="')[1].split('"')[0], "é" * 30, "====" * 9):
        answer = browser.client.post("/console/sign-out", data={"csrf": token})
        assert answer.status_code == 403
        assert "过期" in answer.text
    assert browser.get("/log").url.path == "/console/log"
    assert "sign_out" not in actions(room)


def test_each_page_carries_another_face_of_the_same_token(room: Room) -> None:
    browser = room.browser("manager")
    first = browser.get("/log").text.split('name="csrf" value="')[1].split('"')[0]
    second = browser.get("/log").text.split('name="csrf" value="')[1].split('"')[0]
    assert first != second
    assert browser.client.post("/console/theme", data={"csrf": first, "theme": "dark"}).status_code == 200
    assert 'data-theme="dark"' in browser.get("/log").text


def test_signing_out_ends_the_session_for_good(room: Room) -> None:
    browser = room.browser("manager")
    token = browser.client.cookies["tuan_session"]
    browser.post("/sign-out")
    browser.client.cookies.set("tuan_session", token, domain="testserver.local", path="/console")
    assert browser.get("/log").url.path == "/console/sign-in"
    assert actions(room) == ["sign_in", "sign_out"]


def test_a_revoked_session_is_over_at_once(room: Room) -> None:
    browser = room.browser("manager")
    with room.stage.database.write() as session:
        operator = operators.find_by_name(session, "周姐")
        assert operator is not None
        operators.revoke_sessions(session, operator.id, room.stage.time)
    assert browser.get("/log").url.path == "/console/sign-in"


def test_an_operator_who_left_cannot_look_any_more(room: Room) -> None:
    browser = room.browser("viewer")
    with room.stage.database.write() as session:
        operator = operators.find_by_name(session, "小李")
        assert operator is not None
        operator.is_active = False
    assert browser.get("/log").url.path == "/console/sign-in"
    assert room.browser().sign_in("小李").status_code == 401


def test_a_session_lasts_fourteen_days_from_its_last_use(room: Room) -> None:
    browser = room.browser("viewer")
    for _ in range(3):
        room.stage.time += timedelta(days=13)
        assert browser.get("/log").url.path == "/console/log"
    room.stage.time += timedelta(days=14, seconds=1)
    assert browser.get("/log").url.path == "/console/sign-in"


@pytest.mark.parametrize(
    "path",
    [
        "/today/interactions/retry",
        "/today/interactions/1/retry",
        "/today/jobs/1/retry",
        "/today/sayings/1/send-again",
        "/today/sayings/1/discard",
        "/log/export",
    ],
)
def test_a_viewer_looks_and_does_nothing(room: Room, path: str) -> None:
    browser = room.browser("viewer")
    browser.get("/today")
    assert browser.post(path, {"reason": "x"}).status_code == 403
    assert "角色" in browser.page
    assert actions(room) == ["sign_in"]


def test_pages_carry_the_safe_headers(room: Room) -> None:
    browser = room.browser("viewer")
    for path in ("/today", "/nope", "/sign-in"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_a_page_that_fails_shows_an_incident_number_and_no_innards(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(now: object) -> None:
        raise RuntimeError("disk /srv/secret is on fire")

    browser = room.browser("viewer")
    monkeypatch.setattr(room.desk.fortnight, "find", broken)
    answer = browser.get("/today/figures")
    assert answer.status_code == 500
    assert "编号" in answer.text
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text


def test_going_back_never_leaves_the_console(room: Room) -> None:
    browser = room.browser("viewer")
    browser.client.follow_redirects = False
    for target in (
        "https://evil.example",
        "//evil.example",
        "/console/../x",
        "/console/\\evil",
        "/console/a\r\nb: c",
    ):
        browser.client.follow_redirects = True
        browser.get("/today")
        browser.client.follow_redirects = False
        location = browser.post("/theme", {"theme": "dark", "back": target}).headers["location"]
        assert location.startswith("/console/")
        assert "evil.example" not in location
        assert "\r" not in location


def test_english_readers_read_english(room: Room) -> None:
    browser = room.browser("viewer", language="en-GB,en;q=0.9")
    assert "All taken care of" in browser.get("/today").text
    browser.post("/language", {"language": "zh"})
    assert "都处理好了" in browser.get("/today").text


def test_static_files_are_kept_for_a_year_under_their_hash(room: Room) -> None:
    browser = Browser(room.app)
    url = room.desk.assets.url("console.css")
    answer = browser.client.get(url)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert (
        browser.client.get("/console/static/000000000000/console.css").headers["cache-control"] == "no-cache"
    )
    assert browser.client.get("/console/static/000000000000/secret").status_code == 404


def test_signing_in_leads_back_to_where_one_wanted_to_be(room: Room) -> None:
    room.hire("周姐", "manager")
    browser = room.browser()
    browser.get("/log?outcome=answered")
    back = re.search(r'name="back" value="([^"]*)"', browser.page)
    assert back is not None
    answer = browser.post("/sign-in", {"name": "周姐", "password": PASSWORD, "back": back.group(1)})
    assert str(answer.url).endswith("/console/log?outcome=answered")


def test_a_password_typed_as_the_name_does_not_come_into_the_audit_log(room: Room) -> None:
    room.browser().sign_in("geheim-geheim", "x")
    with room.stage.database.read() as session:
        entry = session.query(AuditEntry).one()
    assert "geheim" not in entry.subject + entry.detail + entry.operator_name
