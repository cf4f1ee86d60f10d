"""Chapter 10, aside: the words beside an answer.

Any word may change the formula before it ("$2x$, rounded down"), so a formula is accepted only if the words after
it are known to be harmless: those below, and those that its question brings with it. All others go to a person.
"""
# ruff: noqa: SIM905  lines of words read better than columns of strings

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from grader.theory.latex.doubt import HARMLESS
from grader.theory.latex.fuel import Unread
from grader.theory.latex.grammar import canonical
from grader.theory.latex.spans import CASES
from grader.theory.latex.tokens import FUNCTIONS, INDEX_LETTERS

if TYPE_CHECKING:
    from collections.abc import Collection

    from grader.theory.latex.spans import Cell
    from grader.theory.latex.spec import FormulaSpec

_ANSWER, _OTHER = "\N{CURRENCY SIGN}", "\N{WHITE DIAMOND}"
"""What stands for the answer's formula, and for another one, among the words."""


def _folded(text: str) -> str:
    """A text in lower case, its Latin letters without accents."""
    plain = "".join(
        letter if ord(letter) >= 0x370 else unicodedata.normalize("NFD", letter)[0] for letter in text
    )
    return plain.replace("\u2019", "'").lower()


def _words(lines: str) -> frozenset[str]:
    return frozenset(_folded(lines).split())


_LINKS = _words(
    """
    the a an is are be being was it this that these those there here which we i you one so thus hence
    therefore and also as with in at to from for of where each every all any both has have having our my
    just simply s re th st nd rd namely same shape size real numbers number vector scalar matrix column row
    space dimension dimensions dimensional length entry entries component components coordinate coordinates
    elementwise componentwise general answer answers solution final step part question result conclusion qed
    done hope ok okay think notation arrow holds hold true denotes denote denoted stands represents means
    equals equal equivalently el la los las un una es son del de en y que por lo con para donde cada todo
    todos respuesta solucion decir sea le les du des est sont et une dans ou ce cette pour chaque tout tous
    reponse donc d l der die das den dem ein eine einer ist sind und wo wobei fur jede jeder jedes alle im
    mit antwort losung lautet spaltenvektor zeilenvektor vektor skalar lange il gli della dei di e dove per
    ogni tutti risposta quindi o os da do um uma onde resposta portanto cioe ответ это где для всех равен
    равна равно и в вектор
    """
)
"""Words that may stand anywhere."""
_FACTS = _words(
    """
    since because by then follows given convex strictly unique global globally positive definite minimum minimal
    minimizer minimiser minimizers minimisers stationary critical point optimal optimum objective function quadratic
    form hessian first second order condition rule layout numerator denominator convention rows formula equation up
    no other does better well lower when minimizes minimises attained reached smallest loss mean average centroid
    sample data points whole
    konvex streng strikt eindeutig convexe unique convexa convexo unico mittelwert schwerpunkt moyenne media
    """
)
"""What is said of a result. Words of a derivation, such as “square” or “sum”, would go on to change it."""
_WITHOUT_SPACES = (
    """
    解 因为 所以 因此 从而 梯度 平均值 样本均值 均值 样本 解得 可得 得到 得 求导 并令 令 其为零 其为 其 为零 零
    损失函数 损失 线性回归 的 即 对 为 是 答案 答 我们 有 其中 向量 矩阵 数据 对于 所有 每个 分量 导数 偏导数
    链式法则 则
    答え 解答 は です である 勾配 損失関数 平均 ここで よって したがって が の 정답은 정답 답은 답 입니다
    이다 기울기는 기울기 그래디언트는 그래디언트 손실 함수는 함수 평균 따라서 은 는
    """
).split()
"""Words of scripts that set no spaces between them."""
_KNOWN_WITHOUT_SPACES = re.compile("|".join(sorted(_WITHOUT_SPACES, key=len, reverse=True)))
_HARMLESS_PHRASES = re.compile(
    rf"(?:(?<=differentiable )|(?<=smooth ))(?:at|where|wherever|when|because|since|if)\b"
    rf"[^.;\n{_ANSWER}]*+"
    r"|\b(?:i\. ?e\.|e\. ?g\.|w\. ?r\. ?t\.|q\. ?e\. ?d\.|a\. ?k\. ?a\.)"
    r"|\b[A-Za-z][ \t]?:[ \t]?\(?\w(?:[ \t]?[x\u00d7,][ \t]?\w){0,2}\)?(?![\w(])(?:[ \t]tensor)?"
    r"|\b(?:one|1)\s+(?:[a-z]_[a-z]|[a-z]+|\u2308\w+\u2309)\s+per\s+row\b"
    r"|\b(?:taken|applied|meant|read)\s+(?:entry\s+by\s+entry|(?:element|component|entry)-?\s?wise)\b"
    r"|\bdivid(?:e|ing)\s+(?:(?:both|all)\s+sides\s+)?by\s+(?:\u2308[a-z]\u2309|[a-z]\b)"
    r"|\b(?:if and only if|iff|arithmetic mean|the\s+only|only\s+in\s+its\s+own|"
    r"positive\s+(?:semi-?)?definite|(?:less|more)\s+(?:sensitive|robust)|"
    r"(?:by|because of|due to)\s+(?:the\s+)?(?:chain|product|power|sum)\s+rule|"
    r"over\s+(?:the|all)\s+(?:entire\s+|whole\s+)?(?:data ?set|data|points|samples)|"
    r"instead\s+of\s+(?:the\s+)?(?:its\s+)?squares?)\b"
)
_REASONS = re.compile(
    rf"\b(?:because|since|denn|weil|car|puisque|porque|perche|так как|by\s+(?:the\s+)?(?:\w+\s+rule|linearity))\b"
    rf"[^.;\n{_ANSWER}]*+"
)
_DEFINITION = re.compile(
    r"(?:\u2308(?P<name>[^\u2308\u2309]++)\u2309|(?<![\w'\u2308])(?P<plain>[a-zA-Z]|1)(?![\w'\u2309]))\s*+"
    r"(?P<verb>is|are|be|being|denotes?|stands for|represents?|means|contains|has|holds|"
    r"ist|sind|es|son|est|sont|als|as|=)\b\s*+"
    rf"(?P<what>[^.;,\n(){_ANSWER}\u2308]*+)",
    re.IGNORECASE,
)
_BEFORE_THE_ANSWER = re.compile(
    r"\b(?P<word>of|over|on|in|from|take|taking|differentiate|differentiating|expand|expanding|square|"
    r"squared|sum|sums|de|del|du|von|der|di|da|do|only|norm|"
    r"(?:nearest|closest)(?:\s+(?:\w+\s+){0,3}?to)?|along|towards?|about|around|nearly|almost|roughly|approximately|below|above|under|exceeds|bounded\s+by|"
    r"at\s+(?:most|least)|(?:less|greater|larger|smaller|more|lower|higher)\s+than|"
    r"(?:proportional|parallel|orthogonal|perpendicular|collinear|close|similar|relative|tends?|up|added)\s+to|"
    r"up\s+to\s+an?\s+(?:\w+\s+)?(?:constant|factor|scale|sign)|normali[sz]ed|scaled|rounded|clipped|exponential|"
    r"proportional\s+zu|parallel\s+zu|etwa|ungefahr|rund|environ|proportionnel\s+a|proporcional\s+a|casi|"
    r"aproximadamente|примерно|приблизительно|пропорционал\w+)"
    rf"\s*+(?:the\s+|el\s+|la\s+)?(?:vector\s+)?{_ANSWER}"
    rf"|(?P<sign>[-\u2212~](?={_ANSWER})|[\u2212~\u2248\u221d\u2260\u221a\u2207\u2202]\s*+{_ANSWER})"
)
_NOUN = (
    r"(?P<noun>norm|mean|average|median|minimum|maximum|logarithm|log|root|inverse|transpose|reciprocal|variance|"
    r"magnitude|direction|unit\s+vector|(?:largest|smallest|greatest|biggest|maximal|minimal|first|last)\s+"
    r"(?:entry|component|coordinate|element|row|column|residual|error))"
)
"""What may be taken of a formula beside it, unless the answer itself is called that."""
_TAKEN_OF_THE_ANSWER = (
    re.compile(rf"\b{_NOUN}\s*+(?:(?:is|equals)\s*+)?[:,=]?\s*+{_ANSWER}"),
    re.compile(
        rf"{_ANSWER}\s*+[,(]?\s*+(?:is\s+)?(?:in\s+|as\s+)?(?:(?:the|a|its)\s+)?{_NOUN}\s*+(?:[).,;:!\n]|$)"
    ),
)
_OF = re.compile(
    r"\b(?:of|von|(?<!ist )der|des|de|del|du)(?:\s++(?!(?:is|are|equals|ist|est|es)\b)[\w-]++){0,5}\s++$"
)
"""Before a noun: “the gradient of the squared norm: $2x$” takes no norm of it."""
_FARTHEST = 80
_AFTER_THE_ANSWER = re.compile(
    rf"{_ANSWER}\s*+(?P<word>的|の|의|\d(?!\s?[.):\d]))|{_ANSWER}[^{_ANSWER}]*?(?P<conclusion>"
    r"(?:\b(?:so|hence|thus|therefore|namely|equals|or|is|be)\b|i\. ?e\.|[=\u2192\u21d2])[,:]?\s*"
    r"(?:the\s+(?:answer|result|gradient|loss)\s+is\s+(?:just\s+)?)?"
    r"(?:\u2308(?!0\u2309)[^\u2308\u2309]++\u2309|(?![aeioy]\b)[a-z]\b|\d+[a-z]\b)(?!\s*+(?:is|are|:|=|for|in)\b))"
)
"""What seems to be part of the formula, or another one, given in words: “so $x$”."""
_LONGEST_SHOWN = 30
_SIGNS = frozenset(
    ".,;:!()[]{}'\"*_#>`-=$&\\/|^+\N{EN DASH}\N{EM DASH}\N{IDEOGRAPHIC FULL STOP}\u2190\u2192\u21d2\u2234"
    "\u220e\u25a1\u25a0\u2022\u00b7\uff0c\uff1a\uff1b\u3001\uff08\uff09\u201c\u201d\u00ab\u00bb\u2713\u2714"
)
"""Signs that say nothing beside a formula; `computes_beside` has looked at those that may."""
_TEXT = re.compile(r"\\(?:text\w*|mbox|mathrm|mathit|mathsf|mathbf|operatorname\*?)\s*\{([^{}]*)\}")
_FUNCTIONS_IN_FONTS = FUNCTIONS | _words(
    "grad argmin argmax arg\\,min arg\\,max arg mae mse loss cost opt mle lad diag error otherwise if sgn ridge"
)
_SYMBOL = re.compile(
    r"(?:\\(?:mathbf|bm|boldsymbol|vec|mathrm|mathit|mathcal)\s*+(?:\{\s*+)?)?(\\?[A-Za-z]+|\d+)\}?(?:_\w|_\{\w+\})?"
)
_MEMBERSHIP = re.compile(r"(?:\\in(?![a-zA-Z])|\u2208)\s*")
_WHOLE_SET = re.compile(
    r"\{?\s*+(?:\\(?:mathbb|mathbf|mathds|Bbb|rm|R|reals)\b\s*+\{?\s*+|(?=R\b|\u211d))[R\u211d]?[\u1d2c-\u1d6a\u2070-\u207f]*\s*+\}?\s*+\}?"
    r"(?:\^\s*+(?:\{[^{}]*\}|\w|\\\w+))?\s*+\}?(?!\s*+[_\\\w])"
    r"|\\\{\s*+[\w,\\ ]*(?:dots|ldots|cdots)[\w,\\ ]*\\\}|\[\s*+[a-zA-Z]\s*+\]"
    r"|\\mathbb\s*+\{?\s*+[NZ]|\\mathcal\s*+\{?\s*+[A-Z]|[A-Z](?![\w_^])"
)
"""All of R^n, all indices, a data set: being in one of these is no condition."""


def may_change(where: Cell, sources: Collection[str], spec: FormulaSpec) -> str:
    """Return the first words beside the answers that are not known to be harmless, or nothing.

    Args:
        where: the cell.
        sources: the formulas of the cell that hold the answers.
        spec: the question, with words of its own.
    """
    for formula in where.formulas:
        for member in _MEMBERSHIP.finditer(formula):
            if not _WHOLE_SET.match(formula, member.end()):
                return formula[member.start() :][:_LONGEST_SHOWN]
    text = _folded_prose(where, sources)
    if found := _BEFORE_THE_ANSWER.search(text):
        return (found["word"] or found["sign"]).strip()
    if found := _AFTER_THE_ANSWER.search(text):
        return _shown(found["word"] or found["conclusion"])
    if noun := _taken_of_the_answer(text, spec):
        return noun
    text = _HARMLESS_PHRASES.sub(" ", text)
    for definition in _DEFINITION.finditer(text):
        if not _agrees(definition, spec):
            return _shown(definition[0])
    text = HARMLESS.sub(" ", _DEFINITION.sub(" ", text))
    after = text.rpartition(_ANSWER)[2]
    return _unknown(_REASONS.sub(" ", after), _LINKS | _FACTS | _words(spec.words))


def _taken_of_the_answer(text: str, spec: FormulaSpec) -> str:
    """The noun beside an answer that is no name for it but for something made of it, or nothing."""
    return next(
        (
            found["noun"]
            for pattern in _TAKEN_OF_THE_ANSWER
            for found in pattern.finditer(text)
            if found["noun"] not in spec.named
            and not _OF.search(text[max(0, found.start() - _FARTHEST) : found.start("noun")])
        ),
        "",
    )


def _folded_prose(where: Cell, sources: Collection[str]) -> str:
    """The words of a cell, with one sign for each formula; words inside formulas follow them."""
    if not where.marked:
        return _folded_but_names(where.between[0] + _ANSWER + where.between[1])
    pieces = [where.between[0]]
    for formula, words in zip(where.formulas, where.between[1:], strict=True):
        said = " ".join(
            part
            for part in _TEXT.findall(CASES.sub(" ", formula))
            if len(part.strip()) > 1 and part.strip().lower() not in _FUNCTIONS_IN_FONTS
        )
        symbol = _SYMBOL.fullmatch(formula.strip())
        sign = _ANSWER if formula in sources else _OTHER
        pieces += [f"\u2308{symbol[1]}\u2309" if symbol and sign == _OTHER else sign, f" {said} ", words]
    return _folded_but_names("".join(pieces))


def _folded_but_names(text: str) -> str:
    """Fold all but single letters: X is not x."""
    return re.sub(r"[^\W\d_]{2,}|[^\x00-\x7f]", lambda found: _folded(found[0]), text)


def _agrees(definition: re.Match[str], spec: FormulaSpec) -> bool:
    """Whether a letter is said to be what the question says it is; letters of the student's own are free."""
    letter = definition["name"] or definition["plain"]
    if not definition["name"] and letter in "aIyeo" and letter not in spec.meanings:
        return True
    try:
        known = letter if letter.isdigit() else spec.known(canonical(letter))
    except Unread:
        return True
    said = frozenset(re.findall(r"[^\W\d_]{2,}", _folded(definition["what"])))
    if letter in INDEX_LETTERS and known not in spec.known_meanings:
        return said <= _LINKS
    world = spec.trials[0].world
    if known not in {*world.values, *world.families, *world.sizes, *spec.known_meanings}:
        return True
    return said <= _FUNCTION_WORDS | spec.known_meanings.get(known, frozenset())


_FUNCTION_WORDS = _words(
    """
    the an of is are our all each its any in for with and to this that one where given real denotes as th el
    la los las de del un una en le les des du une der die das ein eine von
    """
)


def _unknown(text: str, vocabulary: Collection[str]) -> str:
    text = _KNOWN_WITHOUT_SPACES.sub(" ", text)
    if found := next((s for s in text if not _is_harmless_sign(s)), ""):
        return found
    words = re.findall(
        r"[^\W\d_]+", _folded(re.sub(r"\u2308[^\u2308\u2309]*+\u2309|\\[a-zA-Z]++|\w_\{?\w\}?", " ", text))
    )
    return next((word for word in words if len(word) > 1 and word not in vocabulary), "")


def _is_harmless_sign(sign: str) -> bool:
    if sign.isalnum() or sign.isspace() or sign in _SIGNS or sign in f"{_ANSWER}{_OTHER}\u2308\u2309":
        return True
    return unicodedata.category(sign) in ("So", "Mn", "Cf", "Co", "Cn", "Sk")


def _shown(words: str) -> str:
    return " ".join(re.sub(rf"[\u2308\u2309{_ANSWER}{_OTHER}]", " ", words).split())
