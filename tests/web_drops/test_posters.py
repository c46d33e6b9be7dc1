"""Posters: what is on them, whose name, and that they cannot be made to cost much."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from content import fonts
from content.poster import HEIGHT, WIDTH, Poster, clean, draw, fit, wrap
from tests.web.place import Place
from tests.web_drops.conftest import Market

PLAIN = Poster("花园团", "限时团购", "", "奶油草莓", "¥29.9", "¥39.9", 40, "已参团 4 人", "还差 6 人", "长按识别二维码", "截止", "https://shop.example/d/7Q2K")


def _picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def test_a_poster_is_a_picture_that_changes_with_what_it_tells(place: Place) -> None:
    market = Market(place)
    visitor = market.visitor()
    first = visitor.get("/poster.png")
    assert (first.status_code, first.headers["content-type"]) == (200, "image/png")
    assert _picture(first.content).size == (WIDTH, HEIGHT)
    assert visitor.get("/poster.png").content == first.content
    market.takes("小王", 9)
    assert visitor.get("/poster.png").content != first.content


def test_only_the_name_a_member_chose_is_on_the_poster(place: Place) -> None:
    market = Market(place)
    visitor = market.visitor()
    visitor.joins("欧阳锋")
    bare = visitor.get("/poster.png?lang=zh").content
    seen = {"none": bare}
    for how in ("masked", "full"):
        page = visitor.get(f"/share?name={how}").text
        found = re.search(r"by=([\w.-]+)", page)
        assert found is not None
        seen[how] = visitor.get(f"/poster.png?lang=zh&by={found[1]}").content
    assert len(set(seen.values())) == 3
    assert "by=" not in visitor.get("/share").text
    assert visitor.get("/poster.png?lang=zh&by=forged.token").content == bare
    assert "by=" not in market.visitor().get("/share?name=full").text


def test_many_at_once_are_drawn_once(place: Place) -> None:
    visitor = Market(place).visitor()
    with ThreadPoolExecutor(8) as crowd:
        pictures = {one.content for one in crowd.map(lambda _: visitor.get("/poster.png"), range(16))}
    assert len(pictures) == 1


def test_the_code_can_be_read_off_by_its_corners() -> None:
    picture = _picture(draw(PLAIN)).convert("L")
    top = HEIGHT - 44 - 44 - 232
    code = picture.crop((88, top, 88 + 232, top + 232)).point(lambda one: 255 if one < 128 else 0)
    box = code.getbbox()
    assert box is not None
    side = box[2] - box[0]
    assert side == box[3] - box[1]
    assert min(box[0], box[1]) >= 8


def test_emoji_fall_away_and_what_is_too_long_is_cut_to_its_width() -> None:
    font = fonts.find()
    assert clean(font, "🍓 奶油👨‍👩‍👧草莓\n3斤\u202e") == "奶油草莓 3斤"
    shown = fit(font, "很长的名字" * 20, 30, 300)
    assert shown.endswith("…")
    assert font.size(30).getlength(shown) <= 300
    lines = wrap(font, "Organic strawberries from the high mountains of Yunnan", 42, 540, 2)
    assert len(lines) == 2
    assert lines[0].split()[-1] in ("strawberries", "from", "the")
    assert all(font.size(42).getlength(line) <= 540 for line in lines)
    assert fit(font, "", 30, 10) == ""


def test_a_poster_of_nothing_but_emoji_and_of_very_long_words_is_drawn() -> None:
    odd = Poster(
        "🎉" * 90, "", "x" * 900, "W" * 300, "¥99999999.99", "¥99999999.99", 500, "n" * 200, "", "s" * 99, "t" * 300,
        "https://a.example/" + "b" * 400,
    )  # fmt: skip
    picture = _picture(draw(odd))
    edge = picture.crop((WIDTH - 30, 420, WIDTH, HEIGHT - 60))
    ground = _picture(draw(PLAIN)).crop((WIDTH - 30, 420, WIDTH, HEIGHT - 60))
    worst = max(high for _, high in ImageChops.difference(edge, ground).getextrema())
    assert worst < 24, "something runs over the card's edge"


def test_a_font_without_digits_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font at all")
    fonts.find.cache_clear()
    assert fonts.find(broken).path != broken
    real = fonts.Type.has
    monkeypatch.setattr(fonts.Type, "has", lambda self, one: one not in "0123456789" and real(self, one))
    fonts.find.cache_clear()
    with pytest.raises(fonts.NoFont):
        fonts.find()
    monkeypatch.undo()
    fonts.find.cache_clear()
