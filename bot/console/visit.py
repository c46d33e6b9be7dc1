"""One request of one operator: reading, acting with an audit entry, and giving back a page in their language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.console.desk import Desk
from bot.console.language import choose, translate
from bot.console.navigation import of_role
from bot.console.pressing import Pressing
from bot.console.security import csrf_token
from storage import audit

TOAST, LANGUAGE, THEME = "tuan_toast", "tuan_language", "tuan_theme"
THEMES = ("auto", "light", "dark")
TOAST_SECONDS = 60
RANKS = {"viewer": 1, "manager": 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The operator behind a request, and the session their browser holds."""

    id: int
    name: str
    role: str
    session_id: int
    must_change_password: bool
    is_prolonged: bool = False

    def is_at_least(self, role: str) -> bool:
        return RANKS[self.role] >= RANKS[role]


class NotFound(Exception):
    """There is no such page or row: answered with 404."""


class Forbidden(Exception):
    """This operator's role does not allow it: answered with 403."""


class Visit:
    """What an endpoint holds: the desk, the request, who asks, and what their form says."""

    def __init__(
        self,
        desk: Desk,
        request: Request,
        operator: SignedIn | None,
        token: str,
        form: FormData | None = None,
    ) -> None:
        self.desk, self.request, self._operator, self._token = desk, request, operator, token
        self.form = form if form is not None else FormData()
        self.language = choose(
            request.cookies.get(LANGUAGE), request.headers.get("accept-language", ""), desk.settings.language
        )
        self._translations = desk.catalogue.of(self.language)

    @property
    def operator(self) -> SignedIn:
        """Who is signed in; pages with a role have somebody."""
        if self._operator is None:
            raise Forbidden
        return self._operator

    def find_operator(self) -> SignedIn | None:
        return self._operator

    @property
    def now(self) -> datetime:
        return self.desk.now()

    @property
    def address(self) -> str:
        return self.request.client.host[:60] if self.request.client else ""

    @property
    def here(self) -> str:
        """This page's address with its query, for coming back to it; forms send it as `back`."""
        url = self.request.url
        return url.path + (f"?{url.query}" if url.query and self.request.method == "GET" else "")

    @property
    def is_partial(self) -> bool:
        """htmx asks for a piece of the page, not for the whole."""
        headers = self.request.headers
        return headers.get("hx-request") == "true" and "hx-history-restore-request" not in headers

    def path(self, name: str) -> Any:
        """A value out of the page's address: /handovers/{id:int}. No row has an id beyond 64 bits."""
        value = self.request.path_params[name]
        if isinstance(value, int) and value >= 2**63:
            raise NotFound
        return value

    def query(self, name: str, longest: int = 200) -> str:
        """A value after the question mark; empty when it is not there."""
        return self.request.query_params.get(name, "")[:longest].replace("\0", "").strip()

    def translate(self, words: str, **values: Any) -> str:
        """A Chinese sentence of ours in the reader's language; `%(name)s` is filled in."""
        return translate(self._translations, words, values)

    def read(self) -> AbstractContextManager[Session]:
        return self.desk.database.read()

    @contextmanager
    def act(self, action: str, subject: str, **detail: Any) -> Iterator[Session]:
        """The one way an operator changes something: a writing transaction with its entry in the audit log.

        `action` like "outbox.send_again", `subject` like "outbox:42". Nothing is kept when the block raises.
        """
        with self.desk.database.write() as session:
            yield session
            self.record(session, action, subject, **detail)

    def record(self, session: Session, action: str, subject: str, **detail: Any) -> None:
        """An audit entry of its own, for what is no change of a row: an export, a sign-in."""
        who = self._operator
        audit.record(
            session,
            at=self.now,
            operator_id=who.id if who else None,
            operator_name=who.name if who else "",
            action=action,
            subject=subject,
            detail=detail,
            address=self.address,
        )

    def page(self, template: str, status_code: int = 200, **values: Any) -> Response:
        """A page from templates/; for htmx the same template without the layout around it."""
        toast = self._toast()
        known = {
            "_": self.translate,
            "visit": self,
            "operator": self._operator,
            "language": self.language,
            "theme": self._theme(),
            "csrf": csrf_token(self.desk.secret, self._token),
            "now": self.now,
            "navigation": of_role(self._operator.role if self._operator else None),
            "toast": toast,
            "shop": self.desk.shop,
            "layout": "partial.html" if self.is_partial else "layout.html",
            "current": self.request.url.path,
            "may": self.may,
            "pressing_now": self.pressing,
        }
        html = self.desk.paper.render(template, known | values)
        response = HTMLResponse(html, status_code, headers={"Vary": "HX-Request, Accept-Language, Cookie"})
        if toast is not None and not self.is_partial:
            response.delete_cookie(TOAST, path="/console")
        return response

    def may(self, role: str) -> bool:
        """Is the operator at least this? For showing or hiding buttons; the page's own role is what protects."""
        return self._operator is not None and self._operator.is_at_least(role)

    def pressing(self) -> Pressing:
        """The clocks this operator is told of; none for who may not see to them."""
        who = self._operator
        return self.desk.pressed.of(who.id, self.now) if who is not None and self.may("manager") else Pressing()

    def go(self, url: str, toast: str = "", *, is_bad: bool = False) -> Response:
        """On to another page, after something was done, with a short message there."""
        response = RedirectResponse(url, 303)
        if toast:
            signed = self._signer().dumps([toast[:300], is_bad])
            self.set_cookie(
                response, TOAST, signed if isinstance(signed, str) else signed.decode(), TOAST_SECONDS
            )
        return response

    def set_cookie(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/console",
            httponly=True,
            samesite="lax",
            secure=self.desk.is_https,
        )

    def back(self, default: str = "/console/today") -> str:
        """The console page the form's hidden `back` field names, or the default."""
        wanted = str(self.form.get("back", ""))[:500]
        is_ours = wanted.startswith("/console/") and "\\" not in wanted and wanted.isprintable()
        return wanted if is_ours else default

    def chosen(self, name: str, allowed: Sequence[str]) -> str:
        """A query value that must be one of these; empty otherwise."""
        value = self.query(name)
        return value if value in allowed else ""

    def _theme(self) -> str:
        chosen = self.request.cookies.get(THEME, "auto")
        return chosen if chosen in THEMES else "auto"

    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.desk.secret, salt="console toast")

    def _toast(self) -> tuple[str, bool] | None:
        signed = self.request.cookies.get(TOAST)
        if not signed:
            return None
        try:
            words, is_bad = self._signer().loads(signed, max_age=TOAST_SECONDS)
        except BadSignature:
            return None
        return str(words), bool(is_bad)
