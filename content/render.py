"""Turns templates into words: ours from files, operators' own in a sandbox with strict limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError, TemplateNotFound, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from content import bounds, durations

MESSAGES = Path(__file__).parent / "messages"
MAX_SOURCE, MAX_WORDS = 4_000, 4_000  # characters


class BrokenTemplate(ValueError):
    """An operator's template that cannot be used; says why and in which line."""


def money(fen: int) -> str:
    """Fen as yuan, without needless zeros: 3990 → ¥39.9."""
    yuan, rest = divmod(abs(fen), 100)
    tail = f".{rest:02d}".rstrip("0") if rest else ""
    return f"{'-' if fen < 0 else ''}¥{yuan}{tail}"


def local_time(moment: datetime, zone: str, form: str = "%m-%d %H:%M") -> str:
    """A UTC moment in the shop's time zone."""
    return moment.astimezone(ZoneInfo(zone)).strftime(form)


class _Limited(ImmutableSandboxedEnvironment):
    """No loops over invented ranges, no arithmetic that explodes."""

    intercepted_binops = frozenset({"**", "*", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise BrokenTemplate(f"«{operator}» is not allowed here")
        return super().call_binop(context, operator, left, right)


def _environment(loader: FileSystemLoader | None) -> _Limited:
    environment = _Limited(
        loader=loader, undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["money"] = money
    environment.filters["duration"] = durations.write
    environment.globals.clear()
    return environment


class Words:
    """The messages of content/messages: `feature/message` in Chinese, with English beside it."""

    def __init__(self, zone: str = "Asia/Shanghai") -> None:
        self._environment = _environment(FileSystemLoader(MESSAGES))
        self._environment.filters["time"] = lambda moment, form="%H:%M": local_time(moment, zone, form)
        self._templates: dict[tuple[str, str], Template] = {}

    def render(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        """Raises jinja2.UndefinedError when a value is missing: a template never says half a sentence."""
        return self._find(template, language).render(values).strip()

    def _find(self, template: str, language: str) -> Template:
        known = self._templates.get((template, language))
        if known is None:
            name = f"{template}.j2" if language == "zh" else f"{template}.{language}.j2"
            try:
                known = self._environment.get_template(name)
            except TemplateNotFound:
                known = self._environment.get_template(f"{template}.j2")
            self._templates[(template, language)] = known
        return known


_OPERATORS = _environment(None)
bounds.fence(_OPERATORS)


@lru_cache(maxsize=4096)
def _compiled(source: str) -> tuple[Template, frozenset[str]]:
    """A template within its bounds, and the names it asks for. Raises BrokenTemplate."""
    try:
        tree = _parsed(source)
        names = bounds.names_in(tree)
        bounds.limit(tree)
        return _OPERATORS.from_string(tree), names
    except (SyntaxError, RecursionError, MemoryError):
        _refuse("is too deep")


def _parsed(source: str) -> nodes.Template:
    try:
        return _OPERATORS.parse(source)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        _refuse(f"{error.message}" + (f" (line {line})" if line else ""))
    except RecursionError:
        _refuse("is too deep")


def names_in(source: str) -> frozenset[str]:
    """The names a template asks for, so that only these are looked up. Raises BrokenTemplate."""
    try:
        return _compiled(source)[1] if "{" in source else frozenset()
    except bounds.OutOfBounds as out:
        raise BrokenTemplate(str(out)) from None


def check(source: str, known: Mapping[str, Any]) -> None:
    """Raise BrokenTemplate when an operator's template has a fault, asks for a value that is not there, in whatever
    branch, or goes beyond its bounds; `known` holds a sample of every value."""
    if len(source) > MAX_SOURCE:
        raise BrokenTemplate(f"longer than {MAX_SOURCE} characters")
    if "{" in source:
        unknown = bounds.find_unknown(_parsed(source), known)
        if unknown is not None:
            _refuse(f"«{unknown}» is not known. Known are: {bounds.describe(known)}")
    render(source, known)


def render(source: str, values: Mapping[str, Any]) -> str:
    """An operator's own template with these values. Raises BrokenTemplate; always ends soon (content/bounds.py)."""
    if "{" not in source:
        return source
    if len(source) > MAX_SOURCE:
        _refuse(f"longer than {MAX_SOURCE} characters")
    try:
        chunks, size = [], 0
        for chunk in _compiled(source)[0].generate({**values, bounds.BUDGET: bounds.Rounds()}):
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_WORDS:
                _refuse(f"says more than {MAX_WORDS} characters")
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        _refuse(f"{error.message}" + (f" (line {line})" if line else ""))
    except (ArithmeticError, TypeError, ValueError, AttributeError, LookupError, RecursionError, MemoryError) as error:
        if isinstance(error, BrokenTemplate):
            raise
        _refuse(str(error)[:300])
    words = "".join(chunks)
    if not is_plain(words):
        _refuse("has characters that cannot be sent")
    return words


def is_plain(words: str) -> bool:
    """False with half a character or a NUL in it, which no database and no channel takes."""
    return "\x00" not in words and not any("\ud800" <= one <= "\udfff" for one in words)


def _refuse(reason: str) -> NoReturn:
    raise BrokenTemplate(reason)
