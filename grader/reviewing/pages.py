"""The pages as HTML. They look like reports, and load nothing but the four files that this server has."""

from __future__ import annotations

from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from grader.legible import legible
from grader.reports import html

if TYPE_CHECKING:
    from http import HTTPStatus

HTMX_SHA256 = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
"""Of dist/htmx.min.js in htmx.org 2.0.11, unchanged, from registry.npmjs.org."""
STYLE_HASH = html.style_hash()
"""Of the style that a page of a notebook carries itself."""


def _file(package: str, *path: str) -> bytes:
    return files(package).joinpath(*path).read_bytes()


STATIC = MappingProxyType(
    {
        "style.css": ("text/css", _file("grader.reports", "templates", "style.css")),
        "review.css": ("text/css", _file("grader.reviewing", "static", "review.css")),
        "keys.js": ("text/javascript", _file("grader.reviewing", "static", "keys.js")),
        "htmx.min.js": ("text/javascript", _file("grader.reviewing", "static", "htmx.min.js")),
    }
)


def page(template: str, *, status: int = 200, **values: Any) -> Response:
    text = html.environment("grader.reviewing").get_template(template).render(values)
    return HTMLResponse(legible(text), status)


def problem(status: HTTPStatus, why: str) -> Response:
    """A page with a sentence that says what happened, and what to do."""
    return page("problem.html", status=status, title=status.phrase, why=why)
