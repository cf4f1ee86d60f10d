r"""The three formula questions.

1a. The gradient of $\|x\|_2^2$. 1b. The constant vector closest to n points. 2a. An l1 loss for linear regression.
"""

from grader.theory import Equals, FormulaSpec, GradientOf, Minimises

GRADIENT = FormulaSpec(
    name="1a",
    oracle=GradientOf(r"\|x\|_2^2", "x"),
    shapes={"x": ("d",)},
    synonyms={"n": "d", "N": "d", "D": "d", "m": "d", "p": "d"},
    called=frozenset({"f"}),
    words="""
        gradient gradients grad derivative of squared l2 norm f vector column row points direction
        jacobian gradiente gradienten der norma norme
    """,
    meanings={
        "x": "vector point input variable column",
        "d": "dimension number entries components length size any",
    },
)

MEAN = FormulaSpec(
    name="1b",
    oracle=Minimises(r"\sum_{i=1}^n \|x_i - \mu\|_2^2", r"\mu"),
    shapes={"X": ("n", "d"), r"\mu": ("d",)},
    rows={"x": "X"},
    derived=dict.fromkeys((r"\bar{x}", r"\mathbb{E}[x]"), r"\frac{1}{n} X^T \mathbf{1}"),
    mere_names=frozenset({r"\bar{x}", r"\mathbb{E}[x]"}),
    named=frozenset({"mean", "average", "minimum"}),
    synonyms={
        **dict.fromkeys(("N", "m", "M"), "n"),
        **dict.fromkeys(("D", "p"), "d"),
        **dict.fromkeys((r"\hat{\mu}", r"\bar{\mu}", r"\tilde{\mu}", "c", "u"), r"\mu"),
    },
    words="""
        mean average centroid center barycenter arithmetic sample empirical expectation expected value
        data dataset set points point samples observations row rows ones minimum minimizer minimiser
        minimises minimizes optimal optimum best constant global unique convex strictly objective
        hessian stationary media promedio aritmetica puntos datos moyenne donnees
        function fonction funktion etant convexe mittel mittelwert arithmetische punkte daten konvex liegt
        hier globale punti dati pontos
        strictement среднее точек
    """,
    meanings={
        "n": "number points samples data observations rows vectors many how size dataset",
        "d": "dimension number features entries length columns components coordinates points",
        "X": "data matrix points rows row samples stacked design contains vectors",
        "x": "point points data vector row sample observation th",
        r"\mu": "mean average sample arithmetic centroid center minimizer minimiser optimal best constant vector",
        "1": "vector ones all column length",
    },
    called=frozenset({"f", "J", "L", "F", "g", "h", "E", r"\ell"}),
    slips={"d as the number of points": {"d": "n"}},
)

L1_LOSS = FormulaSpec(
    name="2a",
    oracle=Equals(r"\|Xw + b - y\|_1"),
    shapes={"X": ("n", "d"), "w": ("d",), "y": ("n",), "b": (), r"\lambda": ()},
    rows={"x": "X"},
    derived={r"\hat{y}": "Xw"},
    synonyms={
        **dict.fromkeys(("N", "m", "M"), "n"),
        **dict.fromkeys(("D", "p"), "d"),
        **dict.fromkeys(
            (r"\beta", r"\theta", "W", r"\omega", r"\hat{w}", r"\hat{\beta}", r"\hat{\theta}"), "w"
        ),
        **dict.fromkeys(("t", "Y"), "y"),
        **dict.fromkeys((r"\hat{Y}", r"\hat{t}", r"\tilde{y}"), r"\hat{y}"),
        "c": "b",
        r"\alpha": r"\lambda",
    },
    called=frozenset({"L", "J", "E", r"\ell", "l", "C", "R", "S", "Q", "F", "f"}),
    optional=frozenset({"b"}),
    scales=("1", r"\frac{1}{n}", r"\frac{1}{2}", r"\frac{1}{2n}", "2", r"\frac{2}{n}"),
    needs=frozenset({"X", "w"}),
    penalized=frozenset({"w"}),
    named=frozenset({"norm"}),
    words="""
        l1 loss losses error errors residual residuals absolute deviation deviations mae lad sae sum mean
        average training train linear regression model predicts predict prediction predictions target
        targets label labels weight weights data points point rows sample samples observations features
        design norm bias intercept objective cost function convex minimize minimise minimized robust
        outliers total value values difference differences between factor perdida funcion residuos vector
        errores absolutos perte fonction poids vecteur erreurs residus absolue verlustfunktion verlust
        fehler residuen gewichte perda funcao perdita funzione functie потерь функция ошибок
    """,
    meanings={
        "X": "data design matrix feature features input inputs samples points rows row stacked contains",
        "w": "weight weights vector parameter parameters coefficient coefficients model vecteur poids pesos",
        "y": "target targets label labels vector true response responses observed outputs output values",
        "n": "number points samples data observations rows examples size dataset training",
        "d": "dimension number features columns weights length inputs",
        "b": "bias intercept",
        "x": "point points data vector row sample observation input feature features",
        r"\hat{y}": "prediction predictions predicted model vector",
        "1": "vector ones all column length",
    },
    vocabularies=({"A": "X", "x": "w", "b": "y", "a": "X"}, {r"\alpha": "b"}),
    slips={
        "columns as points": {"X": "X^T"},
        "the bias subtracted": {"b": "-b"},
        "no penalty": {r"\lambda": "0"},
    },
)
