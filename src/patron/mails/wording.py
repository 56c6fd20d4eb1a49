"""The built-in wording of every kind of mail, in each language that we bring: files below `templates/`.

`templates/en/NAME.txt` begins with the line `Subject: …` and an empty line; `NAME.html` extends `layout.html`.
"""

from functools import cache
from pathlib import Path

from patron.mails.model import Kind, Template

LAYOUT = "layout.html"
_FOLDER = Path(__file__).parent / "templates"


@cache
def languages() -> tuple[str, ...]:
    """The languages that we bring."""
    return tuple(sorted(folder.name for folder in _FOLDER.iterdir() if folder.is_dir()))


@cache
def layout() -> str:
    """The frame of HTML mails."""
    return (_FOLDER / LAYOUT).read_text()


@cache
def _read(language: str, name: str) -> Template:
    head, _, text = (_FOLDER / language / f"{name}.txt").read_text().partition("\n\n")
    return Template(head.removeprefix("Subject: "), text, (_FOLDER / language / f"{name}.html").read_text())


def built_in(kind: Kind, locale: str) -> Template | None:
    """Our wording in a locale; None in one that we do not bring."""
    return _read(locale, kind.name) if locale in languages() else None
