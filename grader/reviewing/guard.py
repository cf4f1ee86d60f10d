"""What a request has to show before a page sees it, and what every answer tells the browser.

Any web page that is open in the browser can send requests to this machine. So the address must be one of ours, a
cookie must say who asks, and whatever changes something must come from a page of ours.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse

from grader.reviewing import pages

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 256 << 10
"""Bytes of a form: one decision for a thousand answers takes less than a third."""
MOST_FIELDS = 5000
ENTRANCE, STATIC = "/enter", "/static/"
FORM = "application/x-www-form-urlencoded"
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src 'self'; style-src 'self' '{pages.STYLE_HASH}'; img-src data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may grade, and the secrets by which the server knows them for as long as it runs."""

    name: str
    link: str = field(default_factory=_secret)
    """In the address that is opened first."""
    cookie: str = field(default_factory=_secret)
    form: str = field(default_factory=_secret)
    """In each form of a page."""


class Refused(Exception):  # noqa: N818 - it is the answer to a request
    """Why a request goes no further."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class Guard:
    """Puts `access` and, if something is to be changed, `form` into the request's state.

    Args:
        app: what is guarded.
        access: everybody who may grade.
        names: by which this server may be called, besides its numeric address.
        cookie: what the cookie is called; browsers share cookies between all ports of a machine.
    """

    def __init__(
        self, app: ASGIApp, *, access: Sequence[Access], names: Collection[str], cookie: str
    ) -> None:
        self._app = app
        self._access = access
        self._names = names
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        request = Request(scope, receive)
        try:
            answer = await self._admit(request)
        except Refused as refused:
            answer = pages.problem(refused.status, str(refused))
        await (answer or self._app)(scope, receive, with_headers)

    async def _admit(self, request: Request) -> Response | None:
        """None if the request may go on; the answer, if that is all there is to it."""
        self._check_host(request)
        path = request.url.path
        if path.startswith(STATIC):
            return None
        if path == ENTRANCE:
            return self._enter(request)
        access = self._known(request)
        request.state.access = access
        if request.method not in ("GET", "HEAD"):
            _check_origin(request)
            request.state.form = form = await _form(request)
            if not secrets.compare_digest("".join(form.get("form", [])).encode(), access.form.encode()):
                raise Refused(
                    HTTPStatus.FORBIDDEN, "This form is not of this server. Load the page again, and repeat."
                )
        return None

    def _check_host(self, request: Request) -> None:
        """Else a stranger's domain that is made to mean this machine would be a page of ours."""
        address, port = request.scope["server"]
        shown = f"[{address}]" if ":" in address else address
        if request.headers.get("host", "") not in {f"{name}:{port}" for name in (*self._names, shown)}:
            raise Refused(
                HTTPStatus.MISDIRECTED_REQUEST,
                "This server is not known by that address. Open the link that `grader review` printed.",
            )

    def _enter(self, request: Request) -> Response:
        """Exchange the link for a cookie. The address that stays in the browser holds no secret."""
        given = request.query_params.get("token", "").encode()
        access = next(
            (each for each in self._access if secrets.compare_digest(each.link.encode(), given)), None
        )
        if access is None:
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "This link is not valid: each start of `grader review` prints another one. Open that one.",
            )
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        # Not `strict`: a browser would not send it after a click on the link in a mail.
        answer.set_cookie(
            self._cookie,
            access.cookie,
            httponly=True,
            samesite="lax",
            secure=request.headers.get("x-forwarded-proto") == "https",
        )
        return answer

    def _known(self, request: Request) -> Access:
        given = request.cookies.get(self._cookie, "").encode()
        for access in self._access:
            if secrets.compare_digest(access.cookie.encode(), given):
                return access
        raise Refused(
            HTTPStatus.UNAUTHORIZED, "You are not signed in. Open the link that `grader review` printed."
        )


def _check_origin(request: Request) -> None:
    """See that a page of ours sent this.

    Browsers say so in `Sec-Fetch-Site`, on this machine and wherever TLS is used. `Origin` alone is not enough: as
    our pages send no referrer, it is `null` for their forms.
    """
    site, own = request.headers.get("sec-fetch-site"), request.headers["host"]
    if site is None:
        is_ours = request.headers.get("origin") in (f"http://{own}", f"https://{own}")
    else:
        is_ours = site == "same-origin"
    if not is_ours:
        raise Refused(
            HTTPStatus.FORBIDDEN,
            "Another page sent this, so nothing was changed. Open the link that `grader review` printed.",
        )


async def _form(request: Request) -> dict[str, list[str]]:
    if request.headers.get("content-type", "").partition(";")[0].strip() != FORM:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Only the forms of these pages are read.")
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > LARGEST:
            raise Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This form is too large: decide fewer answers."
            )
    try:
        return parse_qs(content.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Refused(
            HTTPStatus.BAD_REQUEST, "This form can't be read. Load the page again, and repeat."
        ) from None
