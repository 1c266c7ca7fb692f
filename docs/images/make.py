"""Make the pictures of the README from real answers.

    python docs/images/make.py

Writes terminal.png and report.png beside this file. It needs a Chromium or Chrome.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console

import havoc
from havoc.cli.terminal import print_answer
from havoc.report import write_report

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "examples" / "piston_rings.csv"
QUESTION = "Is the process in control and capable? LSL 73.95, USL 74.05"
COMMAND = f'havoc ask "{QUESTION}" \\\n    --data examples/piston_rings.csv'
COLUMNS = 92
REPORT_SIZE = (1000, 1700)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def terminal_svg() -> str:
    """The answer as a terminal shows it. The fonts are those of this machine."""
    console = Console(
        record=True,
        width=COLUMNS,
        force_terminal=True,
        color_system="truecolor",
        file=io.StringIO(),
    )
    console.print(f"$ {COMMAND}", style="dim", highlight=False, markup=False)
    print_answer(havoc.ask(QUESTION, DATA).to_dict(), console=console)
    svg = console.export_svg(title="havoc")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return svg.replace("font-family: Fira Code", "font-family: 'DejaVu Sans Mono'")


def photograph(page: Path, target: Path, size: tuple[int, int]) -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"none of {', '.join(BROWSERS)} is installed")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        f"--window-size={size[0]},{size[1]}", f"--screenshot={target}", page.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        svg = terminal_svg()
        box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
        assert box is not None
        width, height = (round(float(side)) for side in box.groups())
        page = Path(folder) / "terminal.html"
        page.write_text(f'<body style="margin:0">{svg}</body>', "utf-8")
        photograph(page, HERE / "terminal.png", (width, height))
        report = Path(folder) / "report.html"
        write_report(havoc.ask(QUESTION, DATA).to_dict(), report)
        photograph(report, HERE / "report.png", REPORT_SIZE)


if __name__ == "__main__":
    main()
