"""Every word of the console can be read in English too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot.console import language

CONSOLE = Path(language.__file__).parent
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PLACES = re.compile(r"%\((\w+)\)s")
ALLOWED = {"中文"}  # the name of the language itself, on the button that switches to it


def source_words() -> Iterator[tuple[str, str]]:
    """(file, words) of everything given to _(), translate() or mark()."""
    found = extract_from_dir(
        str(CONSOLE),
        method_map=[("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")],
        keywords={"_": None, "translate": None, "mark": None},
        options_map={"**.html": {"trimmed": "false", "silent": "false"}},
    )
    for file, _line, words, _comments, _context in found:
        yield file, words if isinstance(words, str) else words[0]


def test_all_words_of_the_console_have_a_translation() -> None:
    known = language.Catalogue.load().of("en")
    words = list(source_words())
    assert len(words) > 50
    missing = sorted({f"{file}: {one}" for file, one in words if CHINESE.search(one) and one not in known})
    assert missing == []


def test_a_translation_names_the_same_values_as_its_source() -> None:
    for source, translation in language.Catalogue.load().of("en").items():
        for one in [translation] if isinstance(translation, str) else translation:
            assert set(PLACES.findall(one)) <= set(PLACES.findall(source)), source
            assert not CHINESE.search(one), source


def test_templates_hold_no_chinese_outside_of_translated_words() -> None:
    called = re.compile(r"_\(\s*(?:'[^']*'|\"[^\"]*\")")
    for file in (CONSOLE / "templates").glob("*.html"):
        rest = re.sub(r"\{#.*?#\}", "", called.sub("", file.read_text("utf-8")), flags=re.DOTALL)
        for name in ALLOWED:
            rest = rest.replace(name, "")
        assert not CHINESE.search(rest), f"{file.name}: {CHINESE.findall(rest)[:8]}"


@pytest.mark.parametrize(
    ("cookie", "accepted", "chosen"),
    [
        ("en", "zh-CN,zh;q=0.9", "en"),
        (None, "en-GB,en;q=0.8", "en"),
        (None, "fr-FR,zh;q=0.5", "zh"),
        ("xx", "", "zh"),
    ],
)
def test_the_readers_choice_comes_before_the_browsers(cookie: str | None, accepted: str, chosen: str) -> None:
    assert language.choose(cookie, accepted, "zh") == chosen


def test_a_plural_goes_by_the_count() -> None:
    known = {"%(count)s 条": ("%(count)s row", "%(count)s rows")}
    assert language.translate(known, "%(count)s 条", {"count": 1}) == "1 row"
    assert language.translate(known, "%(count)s 条", {"count": 2}) == "2 rows"


def test_no_words_are_translated_in_two_catalogues() -> None:
    seen: dict[str, str] = {}
    for file in sorted((language.LOCALES / "en" / "LC_MESSAGES").glob("console-*.po")):
        with file.open("rb") as opened:
            for message in read_po(opened):
                words = message.id if isinstance(message.id, str) else message.id[0]
                assert not words or words not in seen, f"{words} stands in {seen.get(words)} and {file.name}"
                seen[words] = file.name
