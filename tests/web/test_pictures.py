"""Pictures members upload and say."""

from __future__ import annotations

import asyncio
import shutil
from collections import namedtuple
from pathlib import Path

import httpx
import pytest

from bot.channels import pictures
from bot.channels.pictures import MAX_BYTES
from tests.web.place import Place

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def _token(place: Place) -> str:
    async def scene() -> str:
        async with place.member("小王") as wang:
            return str(wang.welcome["token"])

    return asyncio.run(scene())


def _upload(place: Place, token: str, data: bytes, code: str = "garden", field: str = "picture") -> httpx.Response:
    return httpx.post(
        f"http://{place.host}/g/{code}/pictures", files={field: ("a.png", data, "image/png")},
        headers={"Authorization": f"Bearer {token}"},
    )


def test_an_uploaded_picture_is_said_and_served_without_risk(place: Place) -> None:
    place.group()

    async def scene() -> None:
        async with place.member("小王") as wang, place.member("李四") as li:
            answer = await asyncio.to_thread(_upload, place, wang.welcome["token"], PNG)
            assert answer.status_code == 201
            url = answer.json()["url"]
            assert (await wang.says("", picture=url))["type"] == "ack"
            shown = await li.hear("message", kind="picture")
            assert shown["picture"] == url
            served = await asyncio.to_thread(httpx.get, f"http://{place.host}{url}")
            assert served.content == PNG
            assert served.headers["content-type"] == "image/png"
            assert served.headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in served.headers["content-security-policy"]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [(b"<svg onload=alert(1)>", 415, "bad_picture"), (b"", 415, "bad_picture"), (b"GIF88a....", 415, "bad_picture"),
     (PNG + b"\x00" * MAX_BYTES, 413, "too_large")],
)
def test_what_is_not_a_small_picture_is_refused(place: Place, data: bytes, status: int, code: str) -> None:
    place.group()
    answer = _upload(place, _token(place), data)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not list((place.settings.home / "pictures").glob("*"))


def test_only_members_of_the_group_upload(place: Place) -> None:
    place.group()
    place.group("lake")
    token = _token(place)
    assert _upload(place, "forged", PNG).status_code == 401
    assert _upload(place, token, PNG, code="lake").json()["error"]["code"] == "not_a_member"
    assert _upload(place, token, PNG, code="nowhere").status_code == 404
    assert _upload(place, token, PNG, field="other").json()["error"]["code"] == "bad_form"


def test_a_body_without_length_or_form_is_refused(place: Place) -> None:
    place.group()
    url, headers = f"http://{place.host}/g/garden/pictures", {"Authorization": f"Bearer {_token(place)}"}
    assert httpx.post(url, content=iter([PNG]), headers=headers).status_code == 411
    broken = headers | {"Content-Type": "multipart/form-data; boundary=x"}
    assert httpx.post(url, content=b"--x\r\nnonsense", headers=broken).json()["error"]["code"] == "bad_form"
    elsewhere = headers | {"Origin": "https://evil.example"}
    assert httpx.post(url, content=b"x", headers=elsewhere).status_code == 403


def test_too_many_pictures_are_slowed_down(place: Place) -> None:
    place.group()
    token = _token(place)
    answers = [_upload(place, token, PNG) for _ in range(11)]
    assert [answer.status_code for answer in answers[:10]] == [201] * 10
    assert answers[10].status_code == 429
    assert int(answers[10].headers["retry-after"]) > 0


def test_pictures_leave_room_for_the_database(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.group()
    token = _token(place)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, pictures.MIN_FREE_BYTES - 1))
    answer = _upload(place, token, PNG)
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "no_space")


@pytest.mark.parametrize("name", ["..%2Fsecret", "secret", "a.svg", ".hidden.png", "%00"])
def test_nothing_but_pictures_is_served(place: Place, name: str) -> None:
    assert httpx.get(f"http://{place.host}/pictures/{name}").status_code == 404


def test_first_bytes_tell_the_kind(tmp_path: Path) -> None:
    assert pictures.kind_of(PNG) == "png"
    assert pictures.kind_of(b"\xff\xd8\xff\xe0") == "jpg"
    assert pictures.kind_of(b"RIFF\x00\x00\x00\x00WEBPVP8 ") == "webp"
    assert pictures.kind_of(b"GIF89a") == "gif"
    assert pictures.kind_of(b"RIFF\x00\x00\x00\x00WAVE") is None
    kept = pictures.Pictures(tmp_path)
    url = kept.keep(PNG, "png")
    assert kept.has(url)
    assert not kept.has(url.replace("/pictures/", "/"))
