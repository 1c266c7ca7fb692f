"""Technical words of other languages in English, each at the place where it stood.

Engineers who write English as a second language keep the words of the drawing and of the
form: "średnia 12,4", "LIE 7,9 LSE 8,1", "écart-type 0,02", "Toleranz 0,3". The English word is
never longer than the word that it replaces and blanks fill the rest, so that every position in
the text stays what it was. Only words that are no English words are replaced.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_WORDS: dict[str, str] = {
    "mean": "mittelwert durchschnitt moyenne srednia promedio gemiddelde średnio",
    "sd": "standardabweichung standaardafwijking odchylenie odchylenia",
    "tolerance": "tolerance tolerancja tolerancji tolerancia tolleranza tolerantie",
    "tol": "toleranz",
    "limit": "limite grenzwert granica",
    "lower": "untere unterer unteres inferior inferieure inferiore",
    "upper": "obere oberer oberes superior superieure superiore",
    "min": "minimo",
    "max": "maximo massimo",
    "at least": "mindestens",
    "at most": "hochstens",
    "between": "zwischen",
    "target": "sollwert objectif objetivo",
    "goal": "cible alvo",
    "nominal": "nennmass nennmaß nominale nominalna nominalny nominalwert",
    "reference": "reference referenzwert referencia",
    "master": "wzorzec wzorca wzorcowe wzorcowa wzorcowy etalon etalons",
    "pcs": "sztuk sztuki stueck",
    "parts": "pecas teile pezzi",
    "part": "czesc czesci peca",
    "pieces": "piezas",
    "sample": "echantillon muestra amostra stichprobe probka",
    "samples": "echantillons muestras amostras stichproben",
    "lot": "lote partia partii partie",
    "lots": "lotes",
    "bad": "wadliwe wadliwych wadliwa brakow",
    "defective": "fehlerhafte fehlerhaft defectueux defectueuses defeituosos defeituosas defectuosos defectuosas",
    "defects": "defauts defeitos defectos difetti",
    "defect": "defaut defeito defecto fehler",
    "scrap": "ausschuss refugo rebuts",
    "rejects": "rechazos",
    "rejected": "rechazados rechazadas rejeitados rejeitadas odrzucone odrzuconych",
    "faults": "fallas falhas",
    "each": "jeweils cada chaque",
    "checked": (
        "kontrolowane kontrolowanych sprawdzono sprawdzonych zbadano gepruft geprueft "
        "controles controlees controlados controladas inspeccionados inspeccionadas "
        "inspecionados inspecionadas inspectes inspectees"
    ),
    "operator": "bediener operateur operador operatore",
    "operators": "operateurs operadores operatorow operatorzy",
    "person": "prufer pruefer",
    "repeatability": "repetibilidade repetibilidad wiederholbarkeit wiederholprazision powtarzalnosc",
    "ev": "repetabilite ripetibilita",
    "reproducibility": "reprodutibilidade reproducibilidad reproductibilite vergleichbarkeit riproducibilita",
    "av": "odtwarzalnosc",
    "nested": "aninhado aninhada anidado anidada emboite imbrique verschachtelt zagniezdzony",
    "risk": "risque risiko riesgo risco ryzyko",
    "aql": "nqa",
    "level": "nivel niveau poziom stufe",
    "conf": "confiance confianza confianca vertrauen ufnosci pewnosci",
    "readings": "pomiarow messungen messwerte mediciones medicoes metingen",
    "reading": "pomiary mesures medidas",
    "always": "sempre siempre toujours zawsze",
    "accept": "akceptujemy akceptacji",
}  # fmt: skip
_ENGLISH = {word: english for english, words in _WORDS.items() for word in words.split()}

_WORD = re.compile(r"[^\W\d_]{3,24}")
_N = r"\d{1,9}(?:[.,]\d{1,9})?"
_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), english)
    for pattern, english in (
        (r"\b[ée]cart[ -]types?\b|\bdesvio[ -]padr[ãa]o\b|\bdesvio[ -]p\.|\bd[ée]viation standard\b", "sd"),
        (r"\bdesviaci[óo]n (?:est[áa]ndar|t[íi]pica)\b|\bdeviazione standard\b|\bscarto tipo\b", "sd"),
        (r"\bodch(?:ylenie)?\.? (?:standardowe|stand?\.)", "sd"),
        (r"\bmédia\b|\bśr\.(?=\s{0,2}\d)|\bØ-?wert\b", "mean"),
        (r"\bstück\b", "pcs"),
        (r"\bpatr[óõ]n\b|\bpadr[ãa]o\b", "master"),
        (r"\bcz\.(?=\s{0,2}\d)", "pc"),
        (r"\b(?:l[íi]mite|limite) (?:inf[ée]rieure|inferior|inferiore)\b|\buntere grenze\b|\bdolna granica\b", "lower limit"),
        (r"\b(?:l[íi]mite|limite) (?:sup[ée]rieure|superior|superiore)\b|\bobere grenze\b|\bg[óo]rna granica\b", "upper limit"),
        (r"\b(?:au moins|al menos|pelo menos|no m[íi]nimo|co najmniej|almeno)\b", "at least"),
        (r"\b(?:au plus|no m[áa]ximo|como m[áa]ximo|co najwyżej|al massimo)\b", "at most"),
        (r"\brisque (?:du )?fournisseur\b|\brisco d[oe] (?:produtor|fornecedor)\b|\bryzyko (?:producenta|dostawcy)\b", "producer risk"),
        (r"\bries?go del? (?:productor|proveedor)\b|\blieferantenrisiko\b|\bproduzentenrisiko\b", "producer risk"),
        (r"\brisque (?:du )?client\b|\brisco d[oe] (?:consumidor|cliente)\b|\bryzyko (?:konsumenta|odbiorcy)\b", "consumer risk"),
        (r"\briesgo del? (?:consumidor|cliente)\b|\babnehmerrisiko\b|\bkonsumentenrisiko\b", "consumer risk"),
        (r"\bnq limite\b|\bnq[lt]\b(?=\s{0,2}\d)", "lq"),
        (r"\b(?:taille (?:du |de )?lot|tama[ñn]o del? lote|tamanho d[oe] lote|losgröße|losgroesse|wielkość partii)\b", "lot size"),
        (r"\bsur(?=\s{1,2}\d)|(?<=\d\s)auf(?=\s\d)", "on"),
        # "de 1 à 4" is a range, not a count of something
        (r"\b(?:von|de|di)(?=\s\d)(?!\s[\d.,]{1,12}\s?[a-zA-Zµ%°]{0,4}\s?\b(?:à|a|até|bis|hasta)\s)", "of"),
        (r"\bmini\b\.?(?=\s{0,2}[:=]?\s{0,2}\d)|(?<=\d)(?<=[\d%])\s?mini\b", "min"),
        (r"\bmaxi\b\.?(?=\s{0,2}[:=]?\s{0,2}\d)|(?<=[\d%])\s?maxi\b", "max"),
    )
)  # fmt: skip
# "LIE 7,9 LSE 8,1": capitals, and a number behind, or they are English words
_LOWER_LIMIT = re.compile(r"\b(?:LIE|LEI|LTI|UTG|UGW)\b(?=\s{0,2}(?:[=:]|de|é)?\s{0,2}[-+]?\.?\d)")
_UPPER_LIMIT = re.compile(r"\b(?:LSE|LES|LTS|OTG|OGW)\b(?=\s{0,2}(?:[=:]|de|é)?\s{0,2}[-+]?\.?\d)")
_TO = re.compile(
    rf"(?<=\d)(?P<before>\s[a-zA-Zµ%°]{{0,4}}\s?)(?P<to>do|à|até|bis|hasta)(?=\s{{1,2}}{_N})"
)
_AMONG = re.compile(rf"\bentre(?P<first>\s+{_N}\s*[a-zA-Zµ%°]{{0,4}}\s+)(?P<to>et|e|y)(?=\s+{_N})", re.IGNORECASE)  # fmt: skip


def in_english(text: str) -> str:
    """``text`` of the same length with the technical words of other languages in English."""
    for pattern, english in _PHRASES:
        text = pattern.sub(_replaced_by(english), text)
    text = _UPPER_LIMIT.sub("usl", _LOWER_LIMIT.sub("lsl", text))
    text = _TO.sub(lambda match: match["before"] + _to(match["to"]), text)
    text = _AMONG.sub(lambda match: f"range{match['first']}{_to(match['to'])}", text)
    return _WORD.sub(_word, text)


def _replaced_by(english: str) -> Callable[[re.Match[str]], str]:
    return lambda match: _fitted(english, match[0])


def _word(match: re.Match[str]) -> str:
    word = match[0]
    if word.isascii():
        english = _ENGLISH.get(word.lower())
    else:
        plain = unicodedata.normalize("NFKD", word.lower().replace("ł", "l"))
        letters = "".join(char for char in plain if not unicodedata.combining(char))
        english = _ENGLISH.get(letters)
    return word if english is None else _fitted(english, word)


def _fitted(english: str, word: str) -> str:
    """The English word with blanks to the length of the other, or that where it is too short."""
    return english.ljust(len(word)) if len(english) <= len(word) else word


def _to(word: str) -> str:
    return "to".ljust(len(word)) if len(word) > 1 else "-"
