"""The addresses of the pages, and what each request of them does."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from grader.errors import GraderError, UsageError
from grader.reviewing import pages
from grader.reviewing.desk import LONGEST_COMMENT, Changed, Desk, choices
from grader.reviewing.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from starlette.requests import Request

    from grader.reviewing.guard import Access

_OURS = re.compile(r"/(?:c/\w{16}/\w{16})?")
"""Addresses that a form may lead back to."""


def application(desk: Desk, access: Sequence[Access], *, names: Collection[str], cookie: str) -> Starlette:
    """The pages for those who have `access`; `names` and `cookie` are as in `Guard`."""
    guard = Middleware(Guard, access=access, names=names, cookie=cookie)
    room = _Room(desk, f"{cookie}-names")
    return Starlette(
        routes=[
            Route("/", room.front),
            Route("/static/{name}", _static),
            Route("/c/{pile}", room.first),
            Route("/c/{pile}/{answer}", room.answer, methods=["GET"]),
            Route("/c/{pile}/{answer}", room.decide, methods=["POST"]),
            Route("/c/{pile}/{answer}/notebook", room.notebook),
            Route("/names", room.names, methods=["POST"]),
            Route("/reports", room.reports, methods=["POST"]),
        ],
        middleware=[guard],
        exception_handlers={GraderError: _refused, HTTPException: _unknown},
    )


class _Room:
    def __init__(self, desk: Desk, names_cookie: str) -> None:
        self._desk = desk
        self._names_cookie = names_cookie

    async def front(self, request: Request) -> Response:
        piles = await run_in_threadpool(self._desk.piles)
        return self._page(request, "front.html", piles=piles, written="written" in request.query_params)

    async def first(self, request: Request) -> Response:
        """The first answer that is still open, or the first of all."""
        pile = await run_in_threadpool(self._desk.pile, request.path_params["pile"])
        return _to(f"/c/{pile.key}/{(pile.next_open(-1) or pile.entries[0]).key}")

    async def answer(
        self,
        request: Request,
        *,
        status: int = 200,
        problem: str = "",
        typed: Mapping[str, str] | None = None,
    ) -> Response:
        place = _place(request)
        sheet = "/".join(("", "c", *place, "notebook"))
        sight = await run_in_threadpool(self._desk.sight, *place, sheet=sheet)
        entries, at = sight.pile.entries, sight.place
        following = sight.pile.next_open(at)
        before = next((each for each in entries if each.key == request.query_params.get("after")), None)
        return self._page(
            request,
            "decide.html",
            status=status,
            sight=sight,
            sheet=sheet,
            previous=entries[at - 1] if at else None,
            following=entries[at + 1] if at + 1 < len(entries) else None,
            skip=following if following and following.key != sight.entry.key else None,
            before=before,
            choices=choices(sight.entry.check.max),
            longest=LONGEST_COMMENT,
            problem=problem,
            typed=typed or {"points": "", "comment": ""},
        )

    async def decide(self, request: Request) -> Response:
        """Record the decision, and go on to the next answer that is open, if there is one."""
        pile_key, key = _place(request)
        form = request.state.form
        typed = {name: form.get(name, [""])[-1] for name in ("points", "comment")}
        shown = dict(each.partition(".")[::2] for each in form.get("answer", []))
        by = request.state.access.name
        try:
            points = _points(form.get("choice", [""])[-1], typed["points"].strip())
            pile = await run_in_threadpool(
                self._desk.decide, pile_key, shown, points, typed["comment"], by=by
            )
        except UsageError as error:
            status = HTTPStatus.CONFLICT if isinstance(error, Changed) else HTTPStatus.UNPROCESSABLE_ENTITY
            return await self.answer(request, status=status, problem=str(error), typed=typed)
        following = pile.next_open(pile.place(key))
        return _to(f"/c/{pile_key}/{following.key}?after={key}" if following else "/")

    async def notebook(self, request: Request) -> Response:
        return HTMLResponse(await run_in_threadpool(self._desk.notebook, *_place(request)))

    async def names(self, request: Request) -> Response:
        """Show names, or hide them again; it is this browser that remembers it."""
        back = request.state.form.get("back", ["/"])[-1]
        answer = _to(back if _OURS.fullmatch(back) else "/")
        if self._names_shown(request):
            answer.delete_cookie(self._names_cookie)
        else:
            answer.set_cookie(self._names_cookie, "shown", httponly=True, samesite="lax")
        return answer

    async def reports(self, _: Request) -> Response:
        await run_in_threadpool(self._desk.write_reports)
        return _to("/?written")

    def _page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        return pages.page(
            template,
            status=status,
            access=request.state.access,
            names=self._names_shown(request),
            here=request.url.path,
            **values,
        )

    def _names_shown(self, request: Request) -> bool:
        return self._names_cookie in request.cookies


def _points(chosen: str, typed: str) -> str:
    if chosen and typed:
        raise UsageError("Points were both chosen and typed. Clear one of them.")
    if not (chosen or typed):
        raise UsageError("Choose the points first.")
    return chosen or typed


def _place(request: Request) -> tuple[str, str]:
    return request.path_params["pile"], request.path_params["answer"]


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


async def _static(request: Request) -> Response:
    if request.path_params["name"] not in pages.STATIC:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    kind, content = pages.STATIC[request.path_params["name"]]
    return Response(content, media_type=kind)


async def _refused(_: Request, error: Exception) -> Response:
    ours = not isinstance(error, UsageError)
    return pages.problem(HTTPStatus.INTERNAL_SERVER_ERROR if ours else HTTPStatus.CONFLICT, str(error))


async def _unknown(_: Request, error: Exception) -> Response:
    status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else 500)
    return pages.problem(status, "There is no such page. Go back to the list of questions.")
