"""The rules of the house that a reader could check, checked by reading: who commits, who looks at the clock, who
imports whom, and that every message has its words in both languages."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from jinja2 import Environment

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "handlers", "content", "storage")
MESSAGES = ROOT / "content" / "messages"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# Where an outside library may be imported; everywhere else it stays outside.
DOORS = {
    "sqlalchemy": ("storage/",),
    "alembic": ("storage/",),
    "apscheduler": ("bot/clock.py", "bot/recurrence.py"),
    "starlette": ("bot/web/", "bot/console/", "bot/app.py", "bot/channels/web/", "bot/api/"),
    "fastapi": ("bot/api/",),
    "prometheus_client": ("bot/web/health.py",),
    "argon2": ("bot/console/",),
    "openai": ("bot/assistant.py",),
    "openpyxl": ("content/importing/", "content/sheets.py"),
    "uvicorn": ("bot/commands/running.py",),
    "nio": ("bot/channels/matrix/",),
    "aiohttp": ("bot/channels/matrix/",),
    "grpc": ("bot/channels/wechaty/",),
    "wechaty_grpc": ("bot/channels/wechaty/",),
    "wechatpayv3": ("bot/payments/wechat.py",),
}
TYPES_ONLY = {"sqlalchemy.orm": {"Session"}, "sqlalchemy": {"Row"}}
UNWANTED = re.compile(r"(util|helper|manager|service)s?$", re.IGNORECASE)
IS_FEATURE = {"handlers/service.py"}  # 客服: the feature that members call service


def sources() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def test_only_the_database_door_commits() -> None:
    assert [name for name, source in sources() if ".commit(" in source and name != "storage/database.py"] == []


def test_only_the_composition_root_looks_at_the_clock_on_the_wall() -> None:
    clock = re.compile(r"datetime\.(now|today|utcnow)\(|date\.today\(|\btime\.time\(")
    assert [name for name, source in sources() if clock.search(source) and name != "bot/app.py"] == []


def test_imports_run_one_way() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def imports(source: str) -> Iterator[tuple[str, set[str]]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((one.name, set()) for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, {one.name for one in node.names}


@pytest.mark.parametrize("library", DOORS)
def test_an_outside_library_has_one_door(library: str) -> None:
    strangers = [
        f"{name}: {module}"
        for name, source in sources()
        if not name.startswith(DOORS[library])
        for module, names in imports(source)
        if module.partition(".")[0] == library and not (names and names <= TYPES_ONLY.get(module, set()))
    ]
    assert strangers == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [name for name, source in sources() if source.strip() and not ast.get_docstring(ast.parse(source))]
    assert silent == []


def test_modules_and_classes_have_plain_names() -> None:
    found = []
    for name, source in sources():
        if UNWANTED.search(Path(name).stem) and name not in IS_FEATURE:
            found.append(name)
        found += [
            node.name
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.ClassDef) and UNWANTED.search(node.name)
        ]
    assert found == []


def test_files_and_functions_stay_small() -> None:
    large = []
    for name, source in sources():
        if source.count("\n") > 300 and "/versions/" not in name:
            large.append(name)
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "/versions/" not in name:
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > 40 + len(node.args.args) + len(node.args.kwonlyargs):
                    large.append(f"{name}: {node.name} has {lines} lines")
    assert large == []


def test_every_message_is_there_in_chinese_and_english_and_compiles() -> None:
    templates = {path.relative_to(MESSAGES).as_posix() for path in MESSAGES.rglob("*.j2")}
    chinese = {name for name in templates if not name.endswith(".en.j2")}
    assert {name.removesuffix(".j2") + ".en.j2" for name in chinese} == templates - chinese
    environment = Environment(autoescape=True)
    environment.filters |= {"money": str, "time": str, "duration": str}
    for name in templates:
        environment.from_string((MESSAGES / name).read_text("utf-8"))


def test_every_message_is_said_by_exactly_one_function() -> None:
    said: dict[str, list[str]] = {}
    known = {path.relative_to(MESSAGES).as_posix().removesuffix(".j2") for path in MESSAGES.rglob("*.j2")}
    known = {name for name in known if not name.endswith(".en")}
    for name, source in sources():
        if not name.startswith("handlers/"):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                for word in strings(node):
                    for message in known:
                        if message == word or (word.endswith("_") and message.startswith(word)):
                            said.setdefault(message, []).append(f"{name}:{node.name}")
    assert sorted(known - set(said)) == []
    assert {message: sorted(set(who)) for message, who in said.items() if len(set(who)) > 1} == {}


def strings(node: ast.AST) -> Iterator[str]:
    """The texts in a function, the fixed beginning of an f-string among them."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def test_the_lock_names_no_index_and_no_machine_and_every_line_has_its_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert not re.search(r"://|--index|--find-links|^/|file:", lock, re.MULTILINE)
    pinned = re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==", lock, re.MULTILINE | re.IGNORECASE)
    assert len(pinned) > 40
    assert len(re.findall(r"== *[^\n]*\\\n    --hash=sha256:", lock)) == len(pinned)


def declared(wanted: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~! ]", one)[0].lower().replace("_", "-") for one in wanted}


def test_every_library_we_import_is_asked_for() -> None:
    brought_by = packages_distributions()
    wanted = declared(PROJECT["dependencies"]) | {
        "click",
        "websockets",
        "aiohttp",
    }  # these come with typer, uvicorn[standard] and matrix-nio
    tops = {module.partition(".")[0] for _, source in sources() for module, _ in imports(source)}
    strangers = tops - set(PACKAGES) - sys.stdlib_module_names
    missing = {top for top in strangers if not wanted & {name.lower().replace("_", "-") for name in brought_by[top]}}
    assert sorted(missing) == []


def test_what_the_project_asks_for_is_in_the_lock() -> None:
    names = declared([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]])
    lock = (ROOT / "requirements.lock").read_text("utf-8").lower()
    assert sorted(name for name in names if not re.search(rf"^{re.escape(name)}(\[|==)", lock, re.MULTILINE)) == []
