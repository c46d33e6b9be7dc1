"""How a page is declared and served: who may, the form's token, the thread, errors, and the safe headers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.console import sessions
from bot.console.desk import Desk
from bot.console.security import fresh_token, is_csrf_token, protect
from bot.console.visit import Forbidden, NotFound, Visit
from storage.base import RowMissing

log = structlog.get_logger()

Serve = Callable[[Visit], Response]
MAX_FORM_BYTES = 2_000_000
MAX_FIELDS = 2_000
PASSWORD_PAGE = "/console/password"  # noqa: S105
VISITOR, VISITOR_SECONDS = "tuan_visitor", 3600


@dataclass(frozen=True, slots=True)
class Page:
    """One endpoint: method, path below /console, the function, and the least role (None: everybody, signed in or not).

    The function is synchronous and runs in a thread; it takes the visit and gives a response.
    """

    method: str
    path: str
    serve: Serve
    role: str | None
    longest: int = 0  # bytes of its form, where it is more than MAX_FORM_BYTES


def get(path: str, serve: Serve, role: str | None) -> Page:
    """A page to look at."""
    return Page("GET", path, serve, role)


def post(path: str, serve: Serve, role: str | None, longest: int = 0) -> Page:
    """A form that does something; its token is checked before the function runs."""
    return Page("POST", path, serve, role, longest)


def route(desk: Desk, page: Page) -> Route:
    async def endpoint(request: Request) -> Response:
        form = None
        if page.method == "POST":
            form = await _read_form(request, max(page.longest, MAX_FORM_BYTES))
        return await run_in_threadpool(_serve, desk, page, request, form)

    return Route(page.path, endpoint, methods=[page.method])


def routes(desk: Desk, pages: Sequence[Page]) -> list[Route]:
    return [route(desk, page) for page in pages]


async def _read_form(request: Request, longest: int) -> FormData | None:
    """The form, or None when it is larger than anything a page of ours sends."""
    try:
        size = int(request.headers.get("content-length", ""))
    except ValueError:
        return None
    if size > longest:
        return None
    try:
        return await request.form(max_fields=MAX_FIELDS, max_files=8, max_part_size=MAX_FORM_BYTES)
    except HTTPException:
        return None


def _serve(desk: Desk, page: Page, request: Request, form: FormData | None) -> Response:
    """One page for one visitor, with whatever goes wrong told in a page as well."""
    token = sessions.token_of(request)
    operator = sessions.find(desk, token) if token else None
    visitor = token if operator is not None else request.cookies.get(VISITOR, "")
    is_new_visitor = not visitor
    visitor = visitor or fresh_token()
    visit = Visit(desk, request, operator, visitor, form)
    response = _answer(visit, page, form, visitor)
    if operator is not None and operator.is_prolonged and page.path != "/sign-out":
        visit.set_cookie(response, sessions.COOKIE, token, int(sessions.LASTS.total_seconds()))
    if is_new_visitor:
        visit.set_cookie(response, VISITOR, visitor, VISITOR_SECONDS)
    protect(response.headers)
    return response


def _answer(visit: Visit, page: Page, form: FormData | None, token: str) -> Response:
    try:
        if page.method == "POST":
            if form is None:
                return trouble(visit, 413)
            sent = form.get("csrf", "")
            if not isinstance(sent, str) or not is_csrf_token(visit.desk.secret, token, sent):
                return trouble(visit, 419)
        return _allowed(visit, page)
    except (NotFound, RowMissing):
        return trouble(visit, 404)
    except Forbidden:
        return trouble(visit, 403)
    except Exception as error:
        incident = secrets.token_hex(4)
        log.error("console page failed", incident=incident, path=page.path, exc_info=error)
        return trouble(visit, 500, incident)


def _allowed(visit: Visit, page: Page) -> Response:
    if page.role is None:
        return page.serve(visit)
    operator = visit.find_operator()
    if operator is None:
        return _to_sign_in(visit)
    if operator.must_change_password and visit.request.url.path != PASSWORD_PAGE:
        return visit.go(PASSWORD_PAGE)
    if not operator.is_at_least(page.role):
        raise Forbidden
    return page.serve(visit)


def _to_sign_in(visit: Visit) -> Response:
    if visit.is_partial:
        # htmx would put the sign-in page into the middle of this one; this makes it leave the page instead.
        return Response(status_code=200, headers={"HX-Redirect": "/console/sign-in"})
    here = visit.here if visit.request.method == "GET" else "/console/today"
    return RedirectResponse(f"/console/sign-in?{urlencode({'back': here})}", 303)


def trouble(visit: Visit, status: int, incident: str = "") -> Response:
    """The page that says what went wrong: 403, 404, 413, 419 (an old form), 500 with its incident id."""
    # 419 is no registered status; to the outside an old form is a forbidden one.
    return visit.page("trouble.html", 403 if status == 419 else status, status=status, incident=incident)
