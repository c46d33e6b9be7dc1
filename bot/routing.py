"""Which handler hears which event: the first parser that understands a message, every listener of a fact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.context import Context
from bot.events import Event, MessageReceived
from bot.values import Find, Value

Request = TypeVar("Request")
Fact = TypeVar("Fact", bound=Event)
Parser = Callable[[MessageReceived], Request | None]
Look = Callable[[Context, Any], Any]
Handler = Callable[[Context, Request], None]
Crowd = Callable[[Sequence[tuple[Context, Fact]]], None]


@dataclass(frozen=True, slots=True)
class Ear:
    """One way a feature hears messages: a parser, perhaps a look at the rows, and who acts on what was understood."""

    feature: str
    parse: Callable[[MessageReceived], Any]
    handle: Callable[[Context, Any], None]
    writes: bool
    look: Look | None = None


class Routes:
    """One feature's ears, in order."""

    def __init__(self, feature: str) -> None:
        self.feature = feature
        self.ears: list[Ear] = []
        self.listeners: list[tuple[type[Event], Callable[[Context, Any], None]]] = []
        self.values: list[Value] = []
        self.crowds: list[tuple[type[Event], Callable[[Sequence[tuple[Context, Any]]], None]]] = []

    def message(
        self, parse: Parser[Request], *, writes: bool = True
    ) -> Callable[[Handler[Request]], Handler[Request]]:
        """Hear the messages `parse` understands. A handler that only looks and speaks says `writes=False`: it needs
        no savepoint for a refusal to undo."""

        def heard(handle: Handler[Request]) -> Handler[Request]:
            self.ears.append(Ear(self.feature, parse, handle, writes))
            return handle

        return heard

    def looked(
        self, parse: Parser[Any], look: Callable[[Context, Any], Request | None]
    ) -> Callable[[Handler[Request]], Handler[Request]]:
        """Hear messages of which only the rows tell whether they are for us: `look` makes the request of what the parser
        saw, or None, and then the next ear hears the message. It writes nothing."""

        def heard(handle: Handler[Request]) -> Handler[Request]:
            self.ears.append(Ear(self.feature, parse, handle, True, look))
            return handle

        return heard

    def fact(self, kind: type[Fact]) -> Callable[[Handler[Fact]], Handler[Fact]]:
        """Hear every fact of this kind."""

        def heard(handle: Handler[Fact]) -> Handler[Fact]:
            self.listeners.append((kind, handle))
            return handle

        return heard

    def value(self, name: str, about: str, sample: Any) -> Callable[[Find], Find]:
        """Find a value that posts may name; `sample` stands for it when their words are checked."""

        def found(find: Find) -> Find:
            self.values.append(Value(name, about, sample, find))
            return find

        return found

    def together(self, kind: type[Fact]) -> Callable[[Crowd[Fact]], Crowd[Fact]]:
        """Hear events of this kind that came one after another all at once, each with its context, in their order: for a
        crowd, whose claims are then settled with one look and one write. Only one feature hears a kind together."""

        def heard(handle: Crowd[Fact]) -> Crowd[Fact]:
            self.crowds.append((kind, handle))
            return handle

        return heard


class Router:
    """All features' ears in listening order."""

    def __init__(self, features: Sequence[Routes]) -> None:
        self.ears = tuple(ear for routes in features for ear in routes.ears)
        self._parsers = tuple((ear.parse, ear) for ear in self.ears)
        self.values = {value.name: value for routes in features for value in routes.values}
        self.listeners: dict[type[Event], tuple[tuple[str, Callable[[Context, Any], None]], ...]] = {}
        self.crowds = {kind: (routes.feature, handle) for routes in features for kind, handle in routes.crowds}
        for routes in features:
            for kind, handle in routes.listeners:
                self.listeners[kind] = (*self.listeners.get(kind, ()), (routes.feature, handle))

    def hear(self, message: MessageReceived) -> Iterator[tuple[Ear, Any]]:
        """Every ear whose parser understood, in order, with what it understood; none for talk that is not for us."""
        for parse, ear in self._parsers:
            request = parse(message)
            if request is not None:
                yield ear, request

    def understand(self, message: MessageReceived) -> tuple[Ear, Any] | None:
        """The first ear that understands by the words alone."""
        return next(((ear, request) for ear, request in self.hear(message) if ear.look is None), None)
