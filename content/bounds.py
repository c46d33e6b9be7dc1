"""What an operator's template may do: a small part of Jinja2 that always ends soon, however it is written.

No calls, no assignments, no macros; only filters whose result is no longer than what goes in; loops that share one number
of rounds. Without these there is no way to double a text again and again or to loop without saying anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2 import Environment, nodes, pass_context
from jinja2.runtime import Context

MAX_NODES, MAX_ROUNDS, MAX_JOINED = 600, 500, 4_000
BUDGET = "_rounds"  # a name no operator can write

NODES: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Slice,
    nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.For, nodes.Filter,
    nodes.Test, nodes.Tuple, nodes.List, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg,
    nodes.Pos, nodes.Concat,
)
FILTERS = frozenset({
    "abs", "capitalize", "count", "d", "default", "first", "float", "int", "join", "last", "length", "lower", "money",
    "string", "trim", "upper",
})
TESTS = frozenset({
    "defined", "divisibleby", "eq", "equalto", "even", "false", "ge", "gt", "in", "le", "lt", "ne", "none", "number", "odd",
    "string", "true", "undefined",
})


class OutOfBounds(ValueError):
    """A template does, or wants to do, what it may not; says what and in which line."""


class Rounds:
    """How many rounds the loops of one rendering have left, all together."""

    def __init__(self) -> None:
        self.left = MAX_ROUNDS

    def count(self, things: Iterable[Any]) -> Iterator[Any]:
        for thing in things:
            self.left -= 1
            if self.left < 0:
                raise OutOfBounds(f"loops more than {MAX_ROUNDS} times")
            yield thing


@pass_context
def _counted(context: Context, things: Any) -> list[Any]:
    rounds = context.resolve(BUDGET)
    if not isinstance(rounds, Rounds) or isinstance(things, Mapping):
        raise OutOfBounds("cannot be looped over")
    return list(rounds.count(things))


def _join(things: Iterable[Any], between: str = "") -> str:
    if isinstance(things, str):
        raise OutOfBounds("«join» joins a list")
    joined = str(between).join(str(one) for one in things)
    if len(joined) > MAX_JOINED:
        raise OutOfBounds(f"joins more than {MAX_JOINED} characters")
    return joined


def fence(environment: Environment) -> None:
    """Leave an environment only the filters and tests that may be used."""
    environment.filters = {name: what for name, what in environment.filters.items() if name in FILTERS}
    environment.filters["join"] = _join
    environment.filters["_counted"] = _counted
    environment.tests = {name: what for name, what in environment.tests.items() if name in TESTS}


def limit(tree: nodes.Template) -> None:
    """Refuse what may not stand in a template, and have its loops counted. Raises OutOfBounds."""
    for number, node in enumerate(_walk(tree)):
        where = f" (line {node.lineno})"
        if number > MAX_NODES:
            raise OutOfBounds(f"has more than {MAX_NODES} parts")
        if not isinstance(node, NODES):
            raise OutOfBounds(f"«{type(node).__name__.lower()}» is not allowed{where}")
        if isinstance(node, nodes.Filter) and (node.name not in FILTERS or node.node is None):
            raise OutOfBounds(f"there is no filter «{node.name}»{where}")
        if isinstance(node, nodes.Test) and node.name not in TESTS:
            raise OutOfBounds(f"there is no test «{node.name}»{where}")
        if isinstance(node, nodes.Name) and (node.name.startswith("_") or node.name == "self"):
            raise OutOfBounds(f"there is no «{node.name}»{where}")
        if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            raise OutOfBounds(f"there is no «{node.attr}»{where}")
        if isinstance(node, nodes.For) and (node.recursive or not isinstance(node.target, nodes.Name)):
            raise OutOfBounds(f"a loop has one name and does not call itself{where}")
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = nodes.Filter(loop.iter, "_counted", [], [], None, None, lineno=loop.lineno)


def _walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    waiting: list[nodes.Node] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.iter_child_nodes())


def find_unknown(tree: nodes.Template, known: Mapping[str, Any]) -> str | None:
    """The first name, or attribute of a known name, that there is nothing for."""
    own = {loop.target.name for loop in tree.find_all(nodes.For) if isinstance(loop.target, nodes.Name)} | {"loop"}
    for name in tree.find_all(nodes.Name):
        if name.name not in known and name.name not in own:
            return name.name
    for part in tree.find_all(nodes.Getattr):
        if isinstance(part.node, nodes.Name) and part.node.name in known and part.node.name not in own:
            value = known[part.node.name]
            if not hasattr(value, part.attr) and not (isinstance(value, Mapping) and part.attr in value):
                return f"{part.node.name}.{part.attr}"
    return None


def describe(known: Mapping[str, Any]) -> str:
    """The names there are values for, with their attributes."""
    told = []
    for name, value in known.items():
        parts = list(value) if isinstance(value, Mapping) else getattr(type(value), "__slots__", ())
        told += [f"{name}.{part}" for part in parts] or [name]
    return ", ".join(told)


def names_in(tree: nodes.Template) -> frozenset[str]:
    """Every name a template asks for (before its loops' own are taken out)."""
    return frozenset(name.name for name in tree.find_all(nodes.Name))
