"""Methods that a question calls by their name, which the learned wording weights do not know.

The weights of ``wording`` come from labelled questions; a method that none of them asks for
is reached by its name alone. The first pattern that matches decides, so a more special name
stands before a more general one.
"""

from __future__ import annotations

import re
from functools import cache

NAMED: tuple[tuple[str, str], ...] = (
    (
        "ridge_analysis",
        r"\bridge\s+(?:analysis|trace|path)\s+(?:of|for|on|over)\b|\bridge\s+analysis\b",
    ),
    (
        "steepest_ascent",
        # With a polynomial or its coefficients in the question, response_surface gives the path.
        r"\A(?![\s\S]{0,400}?(?:=\s*[-+]?\.?\d|\bb\d|\bcoef|[-+]\s?\d{1,6}(?:\.\d{1,6})?\s?\*?\s?[a-z]))[\s\S]{0,400}?"
        r"\b(?:steepest\s+(?:ascent|descent)|canonical\s+path)\b",
    ),
    (
        "mixture_analysis",
        r"\bscheff\w{0,3}\s+(?:mixture\s+)?(?:model|polynomial|quadratic|linear|special|full|cubic)"
        r"|\bmixture\s+(?:model|analysis|regression|polynomial|results?|data)\b"
        r"|\b(?:analy[sz]\w{1,5}|evaluate|fit)\b[^.?]{0,60}\bmixture\s+(?:experiment|design)"
        r"|\b(?:cox|piepel)\w{0,2}\s+(?:response\s+)?(?:trace|direction)|\bresponse\s+trace\b"
        r"|\bspecial\s+cubic\b",
    ),
    (
        "split_plot_analysis",
        r"\banaly[sz]\w{1,5}\b[^.?]{0,80}\bsplit[\s-]?(?:split[\s-]?)?plots?\b"
        r"|\bsplit[\s-]?(?:split[\s-]?)?plots?\b[^.?]{0,60}\b(?:analy[sz]\w{1,5}|anova|results?|data|tests?)\b"
        r"|\bwhole[\s-]?plot\s+(?:error|variance)",
    ),
    (
        "latin_square_analysis",
        r"\b(?:analy[sz]\w{1,5}|anova|evaluate|results?)\b[^.?]{0,60}\b(?:gr(?:a)?eco-?\s?)?latin\s+squares?\b"
        r"|\blatin\s+squares?\b[^.?]{0,60}\b(?:analy[sz]\w{1,5}|anova|results?|data|differ\w*|matters?)\b",
    ),
    (
        "factorial_anova",
        r"\bfactorial\s+(?:anova|analysis\s+of\s+variance)\b|\bgeneral\s+(?:full\s+)?factorial\b[^.?]{0,40}"
        r"\b(?:analy[sz]\w{1,5}|anova|results?|data)\b"
        r"|\banaly[sz]\w{1,5}\b[^.?]{0,60}\bgeneral\s+(?:full\s+)?factorial\b"
        r"|\b(?:three|four|five|six|multi|[3-9]|n|k)[\s-]?(?:way|factor)\s+(?:anova|analysis\s+of\s+variance)\b",
    ),
    (
        "poisson_regression",
        r"\b(?:poisson|count|log-?linear|(?:quasi|negative)[\s-](?:poisson|binomial))\s+(?:regress\w*|model\w*|glm)\b"
        r"|\b(?:regress\w*|glm)\b[^.?]{0,40}\b(?:poisson|counts)\b|\bnegative\s+binomial\b[^.?]{0,40}\bregress",
    ),
    (
        "regression_nonlinear",
        r"\bnon-?\s?linear\s+(?:least\s+squares|regress\w*|fit\w*|models?|curves?)\b"
        r"|\bmichaelis|\bgompertz\b|\b4pl\b|\bhill\s+(?:curve|equation|model)\b|\bbi-?exponential"
        r"|\bpower[\s-]law\b(?!\s+(?:process|nhpp))|\bexponential\s+(?:decay|growth)\s+(?:curve|fit|model)"
        r"|\bfit\w*\b[^.?]{0,60}?\b(?:logistic|saturation|growth|decay|exponential)\s+curve\b"
        r"|\bfit\w*\b[^.?=]{0,80}?\b\w{1,20}\s*=[^?;:]{0,80}?(?:\bexp\s*\(|\be\s*\^|(?:\^|\*\*)\s*\(?\s*-?\s*[a-z]"
        r"|\b(?:ln|log|atan|tanh)\s*\(|/\s*\(\s*\w{1,6}\s*\+)",
    ),
    (
        "arl",
        r"\b(?:what|which|how|find|comput\w*|calculat\w*|give)\b[^.?]{0,80}\b(?:arl|run[\s-]lengths?)\b"
        r"|\b(?:arl|run[\s-]lengths?)\s+(?:of|for)\s+(?:an?|the|this|my)\b",
    ),
    (
        "control_chart",
        r"\b(?:hotelling\w*|mewma|t(?:²|\^2|2|[\s-]squared))\W{0,6}(?:\w{1,20}\W{1,3}){0,3}(?:chart|card)s?\b"
        r"|\bmultivariate\s+(?:control|ewma)\b|\bgenerali[sz]ed\s+variance\s+chart",
    ),
    (
        "phase_one",
        r"\bphase[\s-](?:i|1|one)\b[^.?]{0,60}\b(?:limits?|charts?|outliers?|clean\w*)\b"
        r"|\b(?:remov\w*|drop\w*|discard\w*|throw\w*\s+out|clean\w*|purg\w*)\b[^.?]{0,60}\b"
        r"(?:out[\s-]of[\s-](?:control|limits)|beyond\s+(?:the\s+)?(?:control\s+)?limits|outside\s+(?:the\s+)?control\s+limits)"
        r"|\b(?:remov|revis|recalculat|recomput)\w*\b[^.?]{0,40}\b(?:trial|baseline)\s+(?:control\s+)?limits",
    ),
    (
        "control_chart",
        r"\blaney\b(?!'?s?\s+(?:paper|article))|\b[pu][\s-]?prime\s+(?:chart|card)|(?<!['‘’\w])[pu]['’′]\s?-?(?:chart|card)"
        r"|(?<![\w'])[gt][\s-]charts?\b|\brare[\s-]events?\s+(?:control\s+)?(?:chart|card|map)"
        r"|\bshort[\s-]?run\s+(?:control\s+|spc\s+|dnom\s+)?(?:chart|card)|\bdnom\b|\bz[\s-]?mr\b|\bi[\s-]?mr[\s-]r(?:/s)?\b"
        r"|\b(?:three|3)[\s-]?way\s+(?:control\s+)?chart|\bzone\s+(?:control\s+)?(?:chart|card)|\bmoving[\s-]average\s+(?:control\s+)?(?:chart|card)"
        r"|\bstaged?\s+(?:control\s+)?(?:charts?|limits)\b",
    ),
    (
        "double_sampling",
        r"\b(?:double|two[\s-]stage|multiple)[\s-]+(?:acceptance\s+)?sampl\w*|\b(?:double|multiple)\s+(?:sampling\s+)?plans?\b"
        r"|\bn_?1\s*=?\s*\d[^?]{0,60}\bc_?1\b[^?]{0,60}\bn_?2\b",
    ),
    (
        "acceptance_sampling_variables",
        r"\bz\s?1\.?9\b|\biso\s*3951\b|\bmil[\s-]*std[\s-]*414\b|\bvariables?\s+(?:acceptance\s+)?(?:sampl\w*|plans?|inspection)"
        r"|\b(?:sampl\w*|inspection|plans?)\s+by\s+variables?\b|\b[km][\s-]method\b",
    ),
)
"""Operation and pattern of its names, matched without regard to case."""


def named_operation(text: str) -> str | None:
    """The operation whose name stands in ``text``, or None."""
    return next((name for name, pattern in _compiled() if pattern.search(text)), None)


@cache
def _compiled() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in NAMED)
