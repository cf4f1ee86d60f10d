r"""Chapter 1: many spellings become one.

What is typed in unicode becomes TeX (`∑ᵢ xᵢ²` is `\sum _{i} x_{i}^{2}`, `ŷ` is `\hat{y}`), and of several TeX
commands for one thing one is kept: `\left\|`, `\lVert` and `||` are `\|`, `\dfrac` is `\frac`, `\arg\min` is
`\argmin`.
"""
# ruff: noqa: SIM905, RUF001  lines of words read better than columns of strings; lookalikes are our subject

from __future__ import annotations

import re
import unicodedata

GREEK = frozenset(
    (
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi chi psi "
        "omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell"
    ).split()
)

_SUPER = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱᵀᵗᵈᵏʲᵐᴺᴰ", "0123456789+-()niTTdkjmND", strict=True))
_SUB = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌ᵢⱼₙₖₓₘₚₗₜ", "0123456789+-=ijnkxmplt", strict=True))
SCRIPTS = frozenset(_SUPER) | frozenset(_SUB)
_SYMBOLS = {
    "‖": r"\|", "∥": r"\|", "∣": "|", "·": r"\cdot ", "⋅": r"\cdot ", "•": r"\cdot ", "×": r"\times ",
    "∗": "*", "∑": r"\sum ", "∏": r"\prod ", "∇": r"\nabla ", "∂": r"\partial ", "√": r"\sqrt ", "−": "-",
    "–": "-", "⁄": "/", "÷": "/", "⊤": r"\top ", "∞": r"\infty ", "⟨": r"\langle ", "⟩": r"\rangle ",
    "〈": r"\langle ", "〉": r"\rangle ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "≈": r"\approx ",
    "∝": r"\propto ",
    "≡": r"\equiv ", "≔": "=", "∈": r"\in ", "∀": r"\forall ", "→": r"\to ", "⇒": r"\implies ", "⟹": r"\implies ",
    "⟺": r"\iff ", "⇔": r"\iff ", "⟸": ";", "⇐": ";",
    "Σ": r"\sum ", "≻": r"\succ ", "⪰": r"\succeq ", "≽": r"\succeq ",
    "≺": r"\prec ", "⪯": r"\preceq ", "∎": "", "□": "", "■": "", "✓": "", "✔": "", "✅": "", "\ufe0f": "",
    "∴": r"\therefore ", "⊙": r"\odot ", "∘": r"\circ ", "′": "'", "’": "'",
    "，": ",", "。": ",", "、": ",", "；": ";", "：": ":", "（": "(", "）": ")", "⋯": r"\dots ", "⋮": r"\dots ",
    "µ": r"\mu ", "ℓ": r"\ell ", "ϵ": r"\epsilon ", "ϕ": r"\phi ", "\xa0": " ", "\u200b": "", "\ufeff": "",
}  # fmt: skip
_ACCENTS = {"\u0302": "hat", "\u0304": "bar", "\u0305": "bar", "\u0303": "tilde", "\u20d7": "vec"}
_GREEK_LETTERS = {
    unicodedata.lookup(f"GREEK {case} LETTER {name.upper().replace('LAMBDA', 'LAMDA')}"): rf"\{name} "
    for name in GREEK - {"ell"}
    for case in ["SMALL" if name.islower() else "CAPITAL"]
}

_STYLE = (
    "left|right|middle|[bB]igg?[lrm]?|displaystyle|textstyle|scriptstyle|limits|nolimits|mathstrut|nonumber|notag|"
    "boxed|fbox|ensuremath|strut|noindent|centering|hfill|newline|par|hline"
)
_ARG_MIN = (
    r"\\arg\s*\\(min|max)(?![a-zA-Z])|\\arg(min|max)(?![a-zA-Z])|"
    r"\\(?:operatorname|text|mathrm|mathop|textrm)\s*\{\s*\\?(?:rm\s)?arg\s*\\?(min|max)\s*\}"
)
_REWRITES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?<!\\)%[^\n]*", " "),
        (r"\\(?:hspace|vspace|label|tag|color|hphantom|phantom|ref|eqref)\*?\{[^{}]*\}", " "),
        (r"\\(?:left|right)\s*\.", " "),
        (r"\\(?:middle)?\\\|", r"\\|"),
        (rf"\\(?:{_STYLE})(?![a-zA-Z])", " "),
        (r"(?<!\\)\\[,;:! /]|~|\\enspace(?![a-zA-Z])|\\thinspace(?![a-zA-Z])", " "),
        (r"\\(?:lVert|rVert|Vert|parallel)(?![a-zA-Z])|\|\|", r"\\| "),
        (r"\\(?:lvert|rvert|vert|mid)(?![a-zA-Z])", "| "),
        (r"\\(?:lbrace)(?![a-zA-Z])", r"\\{ "),
        (r"\\(?:rbrace)(?![a-zA-Z])", r"\\} "),
        (r"\\(?:lbrack)(?![a-zA-Z])", "[ "),
        (r"\\(?:rbrack)(?![a-zA-Z])", "] "),
        (r"\.\.\.+|\\(?:ldots|cdots|vdots|ddots|dotsc|dotsb|dotsm|hdots)(?![a-zA-Z])", r"\\dots "),
        (r"\\[dtc]frac(?![a-zA-Z])", r"\\frac"),
        (r"\\(?:stackrel|overset|underset)\s*\{[^{}]*\}\s*\{\s*=\s*\}", "="),
        (r"\\(?:coloneqq|triangleq|doteq|equiv|colon\s*=)(?![a-zA-Z])|:\s*=|==", "="),
        (r"\\operatorname\*", r"\\operatorname"),
        (_ARG_MIN, lambda found: rf"\arg{next(filter(None, found.groups()))} "),
        (
            r"\\underset\s*\{([^{}]*)\}\s*(?:\{\s*\\(argmin|argmax|min|max)\s*\}|\\(argmin|argmax|min|max))",
            lambda found: rf"\{found[2] or found[3]}_{{{found[1]}}}",
        ),
        (r"\\mathop\s*\{\s*\\(min|max|argmin|argmax|sum)\s*\}", r"\\\1 "),
        (r"\\(?:mathsf|mathrm|text|rm|textrm)\s*\{\s*T\s*\}", "T"),
        (r"\\(?:Rightarrow|Longrightarrow|rightarrow|longrightarrow|Longleftrightarrow|Leftrightarrow)(?![a-zA-Z])",
         r"\\implies "),
        (r"\\(?:leq|leqslant)(?![a-zA-Z])|<=", r"\\le "),
        (r"\\(?:geq|geqslant)(?![a-zA-Z])|>=", r"\\ge "),
        (r"\\neq(?![a-zA-Z])|!=|\\not\s*=", r"\\ne "),
        (r"\\(?:mbox|textnormal|textrm|textup|mathop|operatorname|texttt|mathtt)(?![a-zA-Z])", r"\\text"),
        (r"\\(?:var)(epsilon|theta|phi|rho|sigma)(?![a-zA-Z])", r"\\\1"),
        (r"\\(?:mathrm|text|operatorname|mathsf|mathcal)\s?\{\s?E\s?\}(?=\s?[\[(_])", r"\\mathbb{E}"),
        (r"(?:\\mathbb\s)?(?<![\w\\{])E(?=\s?\[)", r"\\mathbb{E}"),
        (r"\\Sigma(?=\s?[_^])", r"\\sum"),
        (r"\\sum\s?_([a-z])\s?=\s?(\d)(?=\s?\^)", r"\\sum_{\1=\2}"),
        (r"(?<=[\w} ])\*(?=\s?=)", "^*"),
        (r"\\'", "'"),
        (r"\\_", "_"),
    )
)  # fmt: skip


def spelled_out(text: str) -> str:
    """Rewrite a formula in the few commands that the tokens know."""
    text = re.sub(r"[ \t]+", " ", text)
    text = _scripts(_scripts(text, _SUPER, "^"), _SUB, "_")
    for symbol, tex in _SYMBOLS.items():
        text = text.replace(symbol, tex)
    text = unicodedata.normalize("NFKD", text).replace("⁄", "/")
    for accent, command in _ACCENTS.items():
        text = re.sub(rf"(\\[a-zA-Z]+ ?|\w){accent}", rf"\\{command}{{\1}}", text)
    for letter, tex in _GREEK_LETTERS.items():
        text = text.replace(letter, tex)
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    return text


def _scripts(text: str, letters: dict[str, str], mark: str) -> str:
    run = re.compile(f"[{''.join(letters)}]+")
    return run.sub(lambda found: f"{mark}{{{''.join(letters[c] for c in found[0])}}}", text)
