"""What a hostile notebook, name or title may contain, and a check that it became harmless."""

import re
from base64 import b64encode
from html.parser import HTMLParser

import pytest

RUN = "window.pwned=1;alert(1)"
ELSEWHERE = "https://evil.invalid/x"
SCRIPT_URI = "data:text/html;base64," + b64encode(f"<script>{RUN}</script>".encode()).decode()

HTML = [
    pytest.param(f"<script>{RUN}</script>", id="script"),
    pytest.param(f"<scr<script>ipt>{RUN}</scr</script>ipt>", id="script in a script"),
    pytest.param(f"<img src=x onerror='{RUN}'>", id="onerror"),
    pytest.param(f"<img src='{ELSEWHERE}'>", id="remote picture"),
    pytest.param(f"<img srcset='{ELSEWHERE} 2x'>", id="srcset"),
    pytest.param(f"<a href='javascript:{RUN}'>x</a>", id="javascript link"),
    pytest.param(f"<a href=' jav&#x09;ascript:{RUN}'>x</a>", id="javascript link with a tab"),
    pytest.param(f"<a href='{SCRIPT_URI}'>x</a>", id="data link"),
    pytest.param("<a href='../other/report.html'>x</a>", id="link into the results"),
    pytest.param(f"<meta http-equiv='refresh' content='0;url={ELSEWHERE}'>", id="meta refresh"),
    pytest.param(f"<base href='{ELSEWHERE}'>", id="base"),
    pytest.param(f"<link rel='stylesheet' href='{ELSEWHERE}'>", id="stylesheet"),
    pytest.param(f"<style>@import url({ELSEWHERE}); body {{ display: none }}</style>", id="style"),
    pytest.param(f"<p style='background: url({ELSEWHERE})'>x</p>", id="url in a style"),
    pytest.param(f"<p style='width: expression({RUN})'>x</p>", id="expression"),
    pytest.param(f"<p style='\\75rl({ELSEWHERE})'>x</p>", id="escaped url in a style"),
    pytest.param("<div style='position:fixed;inset:0;z-index:9'>You scored 10 of 10</div>", id="overlay"),
    pytest.param(f"<svg onload='{RUN}'><text>x</text></svg>", id="svg onload"),
    pytest.param(f"<svg><a xlink:href='javascript:{RUN}'><text>x</text></a></svg>", id="svg link"),
    pytest.param(f"<math><mtext><style><img src onerror='{RUN}'></style></mtext></math>", id="math mutation"),
    pytest.param(f"<noscript><p title='</noscript><img src onerror={RUN}>'>", id="noscript mutation"),
    pytest.param(f"<iframe srcdoc='<script>{RUN}</script>'></iframe>", id="iframe"),
    pytest.param(f"<object data='{SCRIPT_URI}'></object><embed src='{SCRIPT_URI}'>", id="object"),
    pytest.param(f"<form action='{ELSEWHERE}'><button>x</button></form>", id="form"),
    pytest.param(f"<details open ontoggle='{RUN}'>x</details>", id="ontoggle"),
    pytest.param(f"<video src='{ELSEWHERE}' onerror='{RUN}'></video>", id="video"),
    pytest.param(f"<!--><img src onerror='{RUN}'>-->", id="comment"),
    pytest.param("</div></main><h1 id='open' class='banner'>Fake</h1>", id="closes our elements"),
    pytest.param(f"</style></script><script>{RUN}</script>", id="closes our style"),
    pytest.param("{{ 7 * 7 }}{% raw %}", id="template"),
]
MARKDOWN = [
    *HTML,
    pytest.param(f"[x](javascript:{RUN})", id="javascript link"),
    pytest.param(f"[x]({SCRIPT_URI})", id="data link"),
    pytest.param(f"![x]({ELSEWHERE})", id="remote picture"),
    pytest.param(f"![x](data:image/svg+xml,<svg onload='{RUN}'>)", id="svg picture"),
    pytest.param(f'![x](data:image/png;base64,AAAA "x\\" onerror=\\"{RUN}")', id="title breaks out"),
    pytest.param(f"<javascript:{RUN}>", id="autolink"),
    pytest.param(f"[x]: javascript:{RUN}\n\n[x]", id="reference link"),
    pytest.param(f"$<script>{RUN}</script>$", id="formula"),
    pytest.param(f"$$\n<img src onerror='{RUN}'>\n$$", id="formula block"),
    pytest.param(f"```<img/src/onerror={RUN}>\nx\n```", id="name of a language"),
]
SVG = [
    pytest.param(f"<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'/>", id="onload"),
    pytest.param(f"<svg><script>{RUN}</script></svg>", id="script"),
    pytest.param(f"<svg><s:script xmlns:s='http://www.w3.org/2000/svg'>{RUN}</s:script></svg>", id="prefix"),
    pytest.param("<svg><foreignObject><body/></foreignObject></svg>", id="foreignObject"),
    pytest.param(f"<svg><image href='{ELSEWHERE}'/></svg>", id="remote picture"),
    pytest.param('<svg><image xlink:href = "&#104;ttp://e"/></svg>', id="reference in a link"),
    pytest.param(f"<svg><style>@import '{ELSEWHERE}';</style></svg>", id="import"),
    pytest.param(f"<svg><rect fill='url({ELSEWHERE})'/></svg>", id="url"),
    pytest.param("<svg><style>a{b:\\75rl(x)}</style></svg>", id="escaped url"),
    pytest.param("<!DOCTYPE x [<!ENTITY a 'b'>]><svg><!ENTITY a 'b'></svg>", id="entity"),
    pytest.param(f"<img src='{ELSEWHERE}'>", id="no drawing"),
]

_ALLOWED = re.compile(
    r"(https?:|mailto:|#|data:image/(png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/=]+$)", re.IGNORECASE
)
_FORBIDDEN = {
    "base",
    "embed",
    "form",
    "frame",
    "iframe",
    "link",
    "meta",
    "object",
    "script",
    "style",
    "video",
}

MATHS = {
    *(
        "semantics",
        "annotation",
        "mrow",
        "mi",
        "mo",
        "mn",
        "ms",
        "mtext",
        "mspace",
        "mstyle",
        "mpadded",
        "mphantom",
    ),
    *("mfrac", "msqrt", "mroot", "menclose", "msub", "msup", "msubsup", "munder", "mover", "munderover"),
    *("mtable", "mtr", "mtd", "mphantom"),
}
"""Elements of MathML that show something and do nothing."""


class _Inspector(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []
        self.within = []

    def handle_starttag(self, tag, attrs):
        self.found += [f"<{tag}>"] * (tag in _FORBIDDEN)
        if "math" in self.within and tag not in MATHS:
            self.found.append(f"<{tag}> in a formula")
        self.within.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "srcset", "srcdoc", "id", "name", "action"}:
                self.found.append(f"{tag} {name}={value}")
            if name in {"href", "src", "data", "xlink:href"} and not _ALLOWED.match(value or ""):
                self.found.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag):
        if tag in self.within:
            del self.within[len(self.within) - 1 - self.within[::-1].index(tag) :]


def harmless(html):
    """Fail if this piece of a page would make a browser run, load or restyle anything."""
    inspector = _Inspector()
    inspector.feed(str(html))
    inspector.close()
    assert inspector.found == []
