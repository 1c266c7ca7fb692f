"""Quality rules: what our domain looks like stays, what is no text goes."""

from __future__ import annotations

import base64
import json
import random

import pytest

from havoc.data.filters import QUALITY_RULES, Rule, judge, language_rule
from havoc.errors import InputError

PROSE = (
    "A control chart shows whether a process is stable over time. Points beyond the limits, or "
    "runs on one side of the centre line, are signals of special causes that deserve a search. "
)
TABLE = "part | operator | width\n" + "".join(
    f"{n:4d} | {n % 3:8d} | {12 + n / 17:.3f}\n" for n in range(40)
)
CODE = '''def cpk(mean: float, sigma: float, lsl: float, usl: float) -> float:
    """Smaller of the two one-sided indices."""
    return min(usl - mean, mean - lsl) / (3 * sigma)


for row in rows:
    print(cpk(*row))
'''
LATEX = r"""\begin{align*} \bar{X} &= \frac{1}{n}\sum_{i=1}^{n} x_i \\ s^2 &= \frac{1}{n-1}
\sum_{i=1}^{n} (x_i - \bar{X})^2 \\ C_{pk} &= \min\left(\frac{USL-\mu}{3\sigma},
\frac{\mu-LSL}{3\sigma}\right) \end{align*}"""
DIALOG = "User: Is it capable?\nAssistant: Yes.\nUser: Sure?\nAssistant: Cpk is above 1.33."
FOREIGN = {
    "de": "Die Streuung eines Prozesses wird durch die Standardabweichung beschrieben. Wenn die "
    "Werte normalverteilt sind, liegen fast alle Messwerte innerhalb von drei "
    "Standardabweichungen um den Mittelwert. Eine Regelkarte zeigt es. ",
    "fr": "La dispersion d'un procédé est décrite par l'écart-type. Si les valeurs suivent une loi "
    "normale, presque toutes les mesures se trouvent à moins de trois écarts-types de la "
    "moyenne. Une carte de contrôle le montre. ",
    "es": "La dispersión de un proceso se describe mediante la desviación estándar. Si los valores "
    "siguen una distribución normal, casi todas las mediciones se encuentran dentro de "
    "tres desviaciones estándar de la media. ",
    "zh": "过程的离散程度由标准差描述。如果数值服从正态分布，"
    "则大部分测量值位于均值的三个标准差之内。控制图显示过程是否受控。",
}
ENGLISH = (*QUALITY_RULES, language_rule(["en"]))


@pytest.mark.parametrize("text", [PROSE, TABLE, CODE, LATEX, DIALOG, TABLE + LATEX + CODE])
def test_our_domain_stays(text: str) -> None:
    assert judge(text, ENGLISH) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("Home | Next", "too_short"),
        (base64.b64encode(random.Random(0).randbytes(900)).decode(), "unbroken_words"),
        ("-=*~ | " * 30 + PROSE[:40], "mostly_symbols"),
        (PROSE.replace("a", "\ufffd"), "garbled"),
        ("User: {}\nAssistant: {}\n" * 10 + PROSE, "repeated_lines"),
        ("spam and eggs, " * 400, "repetitive"),
        ("".join(f"Read more about item number {n} ...\n" for n in range(12)), "trailing_off"),
    ],
)
def test_each_rule_drops_what_it_is_for(text: str, reason: str) -> None:
    assert judge(text) == reason
    others = [rule for rule in QUALITY_RULES if rule.name != reason]
    assert judge(text, others) != reason


@pytest.mark.parametrize("language", FOREIGN)
def test_other_languages_go_unless_they_are_wanted(language: str) -> None:
    assert judge(FOREIGN[language] * 4, ENGLISH) == "language"
    assert judge(FOREIGN[language] * 4, (language_rule(["en", language]),)) is None


def test_english_in_capitals_and_short_texts_are_not_misjudged() -> None:
    assert judge(PROSE.upper() * 2, ENGLISH) is None
    assert judge("Der Prozess ist nicht beherrscht, sagt der Meister.", ENGLISH) is None
    assert judge(PROSE * 2, (language_rule(["de"]),)) == "language"


def test_keys_and_numbers_are_no_language() -> None:
    text = json.dumps({f"k{n}": random.Random(n).randbytes(12).hex() for n in range(60)}, indent=1)
    assert judge(text, (language_rule(["en"]),)) is None


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(InputError, match="unknown language english"):
        language_rule(["en", "english"])


def test_the_first_rule_that_applies_is_named() -> None:
    rules = (
        Rule("no", lambda view: False),
        Rule("b", lambda view: True),
        Rule("c", lambda v: True),
    )
    assert judge("text", rules) == "b"
    assert judge("text", ()) is None
