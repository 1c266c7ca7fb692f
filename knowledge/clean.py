"""Residue of the sources taken out: macros, commands, notes to teachers, exercises, empty titles.

Each source gives (title, place, blocks); what is left is prose with its headings.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from havoc.rag.documents import Block

Record = dict[str, str]


class Cleaned(NamedTuple):
    title: str
    place: str
    blocks: list[Block]


def by_document(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records of one document after another."""
    together: dict[str, list[Record]] = {}
    for record in records:
        together.setdefault(record["id"].split("#")[0], []).append(record)
    yield from together.values()


# --- Dataplot ----------------------------------------------------------------------------

_KEPT_TYPES = ("analysis command", "graphics command", "let subcommand", "subcommand under let")
_PARTS = re.compile(
    r"^(Name|Type|Purpose|Description|Syntax(?: \d+)?(?:[^\n:]{0,40})?|Examples?|Notes?|Default|"
    r"Synonyms?|Related Commands?|References?|Applications?|Implementation Date|"
    r"Program(?: \d+)?)\s*:[ \t]*",
    re.MULTILINE,
)
_NOT_STATISTICS = re.compile(
    r"\b(MATRIX|STRING|SET|BIT|SORT|CODE|CODE\d|VECTOR|PYTHON|RSCRIPT|INDEX|COLOR|POLYGON|SUBSTR|"
    r"INTERSECTION|CHARACTER|REPLACE|GRID|IMAGE|PIXMAP|DATE|EDGES|VERTICES|POINTS|COCODE|DEMOD|"
    r"LINE|PLANE|HULL|SPANNING|FRACTAL|WORD|CLOGI|COMPOSITION|PARTITION|DEVICE|TRIANGULAR|"
    r"BESS|CHEB|AIRY|3D|CONTOUR|HELP|MACRO|PERMUTATION MATRIX|NEXT|EQUATION|ROOTS|DIFFERENCE OF)\b"
)
_ABOUT_THE_PROGRAM = ("6-PLOT", "PLOT", "STATISTIC BLOCK", "FUNCTION BLOCK", "OPTIMIZE", "CODEX")
_ABOUT_COMMANDS = re.compile(
    r"(?-i:(?:\b[A-Z][A-Z0-9]{3,} +- .*){3}|\bHELP [A-Z]{3,}|\b(?:LINE|REGION|CHARACTER) [A-Z]+\b)|"
    r"\b(?:enter|use|with|by) the (?:following )?commands?\b|\bthe commands? +(?:is|are|was)\b"
    r"|\bto (?:restore|reset) the default\b|\bin Dataplot\b.*\benter\b|\bSET WRITE\b"
    r"|\bparameters? (?:is|are) saved\b|\bDataplot (?:saves|automatically)\b",
    re.IGNORECASE,
)
# Wrong statements of the source (two charts are exchanged), which must not be quoted.
_WRONG = re.compile(r"P chart is used when sub-?groups have equal size", re.IGNORECASE)
_COMMAND = re.compile(r"^(?:[A-Z0-9<>=+\-*/.,()'\" \t_^|]|\.{2,})+$")


def dataplot(records: list[Record]) -> Iterator[Cleaned]:
    """Purpose, description and notes of the commands that are about statistics."""
    for document in by_document(records):
        title = document[0]["title"].replace("(LET)", "").replace("...", "").strip(" .")
        parts = _dataplot_parts("\n".join(record["text"] for record in document))
        kind = " ".join(text for name, text in parts if name == "Type").strip().lower()
        density = kind.startswith("library") and title.endswith("PDF")
        kept = density or kind.startswith(_KEPT_TYPES)
        if not kept or _NOT_STATISTICS.search(title) or title in _ABOUT_THE_PROGRAM:
            continue
        blocks: list[Block] = []
        for name, text in parts:
            if name not in ("Purpose", "Description", "Note", "Notes"):
                continue
            blocks += [
                Block(text)
                for text in _paragraphs(_without_commands(text))
                if not _ABOUT_COMMANDS.search(text) and not _WRONG.search(text)
            ]
        if sum(len(block.text.split()) for block in blocks) >= 40:
            yield Cleaned(f"{_capital(title)} (Dataplot)", document[0]["source"], blocks)


def _dataplot_parts(text: str) -> list[tuple[str, str]]:
    pieces = _PARTS.split(text)[1:]
    return [
        (name.split()[0] if name.startswith(("Syntax", "Program")) else name, body)
        for name, body in zip(pieces[::2], pieces[1::2], strict=False)
    ]


def _without_commands(text: str) -> str:
    """Lines of commands, of their syntax and of saved parameters are dropped."""
    kept = []
    for line in text.split("\n"):
        plain = line.strip()
        command = (
            len(plain) > 3 and _COMMAND.match(plain) and not re.search(r"[a-z]", plain)
        ) or re.match(r"(LET|SET|PLOT|READ|SKIP|HELP|WRITE|PRINT|CHARACTER|LINE)\b", plain)
        if (
            not command
            and "<SUBSET" not in line
            and not re.match(r"where <\w+> is|<\w+> is ", plain)
        ):
            kept.append(line)
    return "\n".join(kept)


def _capital(title: str) -> str:
    small = title.lower()
    for word in ("anova", "cusum", "ewma", "cpk", "cpm", "cp", "iso", "pdf", "lcl", "ucl", "sd"):
        small = re.sub(rf"\b{word}\b", word.upper(), small)
    return small[:1].upper() + small[1:]


# --- books -------------------------------------------------------------------------------


def process_improvement(records: list[Record]) -> Iterator[Cleaned]:
    """The chapters without exercises; directives of reStructuredText are dropped."""
    for document in by_document(records):
        place, title = document[0]["source"], document[0]["title"]
        if re.search(r"exercises\.rst|preface|/index\.rst$", place) or "context" in title.lower():
            continue
        blocks = _sectioned(document, _rst)
        yield Cleaned(document[0]["title"], document[0]["source"], blocks)


def _rst(text: str) -> str:
    text = re.sub(r"^\.\. \w[\w-]*::.*$|^[ \t]*:[\w-]+:.*$", "", text, flags=re.MULTILINE)
    text = re.sub(
        r"^(?:Dcl: .*|\.\. .*|.*\bTODO\b.*|COME BACK.*|In source code:)$", "", text, flags=re.M
    )
    text = re.sub(r"\|([A-Za-z][A-Za-z0-9]{0,8})\|", r"\1", text)
    text = re.sub(r"``([^`]+)``|:\w+:`([^`<]+)(?:<[^>]+>)?`", r"\1\2", text)
    text = re.sub(r"`([^`<]+?)\s*<[^>]+>`__?", r"\1", text)
    return re.sub(r"\*\*?(?=\S)([^*\n]+?)(?<=\S)\*\*?", r"\1", text)


def openintro(records: list[Record]) -> Iterator[Cleaned]:
    """The chapters; their exercise files and what is left of unexpanded macros are dropped."""
    for document in by_document(records):
        if not re.search(r"/ch_\w+\.tex$", document[0]["source"]):
            continue
        chapter = re.sub(r"^.*/ch_|\.tex$", "", document[0]["source"]).replace("_", " ")
        blocks: list[Block] = []
        for text in _paragraphs(_tex("\n".join(record["text"] for record in document))):
            heading = len(text) < 70 and text[:1].isupper() and text[-1:].isalpha()
            heading = heading and text.count(" ") < 9 and "$" not in text
            blocks.append(Block(text, "heading", 2) if heading else Block(text))
        yield Cleaned(f"OpenIntro Statistics: {chapter}", document[0]["source"], _tidy(blocks))


def _tex(text: str) -> str:
    text = re.sub(r"\\[a-zA-Z]+\{\}", "…", text)
    text = re.sub(
        r"^(?:This section needs.*|Teachers?\b.*|.*\bTODO\b.*|% .*)$", "", text, flags=re.M
    )
    text = re.sub(
        r"\b(Figure|Table|Example|Exercise|Section|Equation)s? +(?=[,.;)]|and\b|on page)",
        r"\1 ",
        text,
    )
    return re.sub(r"[\w\d]+:20\d\d", "", text)


_LEFT_OUT = re.compile(
    r"^(homework|chapter \d+|calculator|technology|practice|references?|bringing it together"
    r"|try it|stats ?lab|solutions?|use the following|collaborative exercise|review exercises.*"
    r"|group activity.*|.*homework.*|.*teacher.*)\b",
    re.IGNORECASE,
)


def openstax(records: list[Record]) -> Iterator[Cleaned]:
    """The chapters without homework, practice and notes to teachers."""
    for document in by_document(records):
        left_out = (
            r"practice|homework|teacher|\btest\b|exam|lab\b|\btables?\b|^chapter \d|calculator"
            r"|about openstax"
        )
        if re.search(left_out, document[0]["title"], re.IGNORECASE):
            continue
        kept = [record for record in document if not _LEFT_OUT.match(record["section"])]
        blocks = [
            block
            for block in _sectioned(kept, _openstax_text)
            if not re.match(
                r"Use the following|Press |Answers will vary|Chapter Objectives|By the end of this|"
                r"- Press |class=|\d+\.? |.*\?$",
                block.text,
            )
        ]
        title = document[0]["title"]
        if re.match(
            r"(References|Notation$|Chapter|Solutions|Formula Review|Try|Glossary|m\d+\.md)", title
        ):
            title = "Introductory Statistics"
        yield Cleaned(title.replace("*", ""), document[0]["source"], _tidy(blocks))


def _openstax_text(text: str) -> str:
    text = re.sub(r"\{:\s?[^}\n]*\}|\{: [^}]*$", "", text)
    text = re.sub(r"\\?\[\\?\[?link\\?\]?\\?\](\([^)]*\))?", "the figure", text)
    text = re.sub(r"\[([^\]\n]*)\]\([^)\n]*\)|!\[[^\]]*\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\*{1,2}(?=\S)([^*\n]+?)(?<=\S)\*{1,2}", r"\1", text.replace('\\"', '"'))
    text = re.sub(r"^NOTE$|^\[?\d*\]?\s*Solutions?\b.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\\([|*_\[\]])", r"\1", re.sub(r"\\\\+", r"\\", text))
    return re.sub(r"<[^>\n]{1,200}>", "", text)


def learning_statistics(records: list[Record]) -> Iterator[Cleaned]:
    """The chapters; code and its printed results are dropped, what explains them stays."""
    for document in by_document(records):
        if re.search(
            r"README|introR|plumbing|mechanics|datahandling|scripting|lsr\.Rmd|graphics|pragmatic|Preface|index",
            document[0]["source"],
        ):
            continue
        title = document[0]["title"]
        if title not in ("Pragmatic matters", "Additional R concepts"):
            yield Cleaned(title, document[0]["source"], _sectioned(document, _rmarkdown))


def _rmarkdown(text: str) -> str:
    text = re.sub(r"```.*?(```|\Z)", "", text, flags=re.DOTALL)
    text = re.sub(r"\^\[[^\]]*\]|\[\^[^\]]*\]", "", text)
    text = re.sub(r"\\@ref\([^)]*\)|\\?\((?:fig|tab|eq|ch)?:?\w+\)(?=\))", "", text)
    place = r"(?:Sections?|Figures?|Tables?|Chapters?)"
    text = re.sub(rf" *\((?:see )?{place} *(?:\\\([^)]*\))?\)", "", text)
    text = re.sub(rf"({place}) \\\([^)]*\)", r"\1 …", text)
    text = re.sub(r"\*{1,3}(?=\S)([^*\n]+?)(?<=\S)\*{1,3}", r"\1", text)
    lines = [
        line
        for line in text.split("\n")
        if not re.match(r"\s*(##|>|\[\d+\]|[\w.$]+ *<-|[\w.]+\(.*\)\s*#?.*$|\})", line)
    ]
    return "\n".join(lines)


# --- documentation of libraries -----------------------------------------------------------

_SESSION = re.compile(
    r"^(>>>|\.\.\. |In \[|Out\[|array\(|\[source\]|previous$|next$|```|\[ ?\d* ?\]:|%\w|import "
    r"|from \w+ import)"
)


def library(records: list[Record]) -> Iterator[Cleaned]:
    """Pages of scipy, statsmodels and pyDOE without sessions, signatures and navigation."""
    for document in by_document(records):
        place, title = document[0]["source"], document[0]["title"]
        if re.search(
            r"notebooks|install|contribut|licen[sc]e|credits|release|whatsnew|api\.html|sandbox|tools\.html"
            r"|tutorial/(?!stats)|about|index|faq|large_data|gettingstarted|example-structures|import-paths|/dev/",
            place,
        ):
            continue
        text = "\n".join(record["text"] for record in document)
        # The words of a signature and its neighbours in the navigation say nothing.
        text = re.sub(r"\b(scipy\.[\w.]+)\s+\1", r"\1", text)
        text = re.sub(r"(?:\n\s*scipy\.[\w.]+\s*)+\Z", "", text)
        text = re.sub(r"```.*?(```|\Z)", "", text, flags=re.DOTALL)
        text = re.sub(r"^(?:#+ )?References\b(?:.*\n?)*?(?=^Examples?\b|\Z)", "", text, flags=re.M)
        lines = [
            line
            for line in text.split("\n")
            if not _SESSION.match(line.strip()) and ">>>" not in line
        ]
        blocks: list[Block] = []
        for paragraph in _paragraphs(_markdown("\n".join(lines))):
            if paragraph.endswith(":") and len(paragraph) < 200:
                continue  # it announced a piece of code
            if re.match(r"#{1,4} ", paragraph):
                blocks.append(Block(paragraph.lstrip("# "), "heading", 2))
            else:
                blocks.append(Block(paragraph))
        if title.endswith(".md"):
            title = title[:-3].replace("_", " ").replace("-", " ").capitalize()
        yield Cleaned(title, place, _tidy(blocks))


def _markdown(text: str) -> str:
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)|<[^>\n]{1,200}>|\{#[^}]*\}|^!!! .*$", "", text, flags=re.M)
    text = re.sub(r"^(#{1,4} .*)$", r"\n\1\n", text, flags=re.MULTILINE)
    return re.sub(r"\[([^\]\n]+)\]\([^)\n]*\)", r"\1", text)


# --- what all share -----------------------------------------------------------------------


def _sectioned(document: list[Record], clean: object) -> list[Block]:
    """Blocks of the records with their sections as headings; code comments are no headings."""
    assert callable(clean)
    blocks: list[Block] = []
    section = document[0]["title"] if document else ""
    for record in document:
        name = record["section"].strip()
        if name and name != section and name[:1].isupper() and len(name) < 90:
            section = name
            blocks.append(Block(name, "heading", 2))
        for paragraph in _paragraphs(clean(record["text"])):
            bare = paragraph.lstrip("# ").strip()
            if paragraph.startswith("#") or bare in (section, document[0]["title"]):
                continue
            blocks.append(Block(bare))
    return _tidy(blocks)


def _paragraphs(text: str) -> list[str]:
    """Paragraphs with their lines joined; items of a list stay apart."""
    text = html.unescape(text).replace("\u200b", "")
    text = re.sub(r"\n(?=\s*(?:[-*•]|\d{1,2}[.)]|[a-h]\)) )", "\n\n", text)
    found = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    return [part for part in found if readable(part)]


def readable(paragraph: str) -> bool:
    """Is it prose or a formula, and not a row of figures, a rule or broken markup?"""
    if len(paragraph) < 3 or paragraph.count("\\begin{") > 2:
        return False
    letters = sum(character.isalpha() for character in paragraph)
    return letters >= 0.45 * len(paragraph.replace(" ", ""))


def _tidy(blocks: list[Block]) -> list[Block]:
    """Headings without text below them are dropped."""
    kept: list[Block] = []
    for block in blocks:
        if block.kind == "heading" and kept and kept[-1].kind == "heading":
            kept.pop()
        kept.append(block)
    while kept and kept[-1].kind == "heading":
        kept.pop()
    return kept


CLEANERS = {
    "nist_dataplot_help": dataplot,
    "process_improvement_using_data": process_improvement,
    "openintro_statistics": openintro,
    "openstax_statistics_2013": openstax,
    "learning_statistics_with_r": learning_statistics,
    "scipy_stats": library,
    "statsmodels": library,
    "pyDOE3": library,
}
