"""Habits of the source: sizes, names, docstrings, and what must never stand in a file."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PACKAGE = TOP / "src" / "patron"
LINES_MAX = 400
FUNCTION_LINES_MAX = 60
BANNED = {"utils", "util", "helpers", "helper", "base", "common", "manager", "managers", "misc"}

# What git ignores, and what others wrote and we only carry along.
_NOT_OURS = {
    *(".git", ".venv", "node_modules", "build", "dist", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"),
    *(".import_linter_cache", ".hypothesis", ".patron", "swagger"),
}
# The lock file of npm holds a digest of every package.
_DIGESTS = {"package-lock.json"}
_TEXT = {
    ".py",
    ".sql",
    ".md",
    ".toml",
    ".lock",
    ".json",
    ".html",
    ".css",
    ".js",
    ".mjs",
    ".ts",
    ".txt",
    ".ini",
    ".yml",
    "",
}

# A letter in brackets is itself, yet keeps this file from finding itself.
_PLACES = re.compile(r"/wor[k]/|/share[d]/|\.\./share[d]|/roo[t]/|/hom[e]/[a-z]")
_REGISTRIES = re.compile(r"pyp[i]\.org|pythonhoste[d]|npmj[s]\.(?:org|com)|npm-registr[y]")
_SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KE[Y]|ey[J][A-Za-z0-9_-]{10,}\.ey[J]"  # keys and tokens
    r"|AKI[A][0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xo[x][abp]-[0-9]{8,}|sk_liv[e]_[0-9a-zA-Z]{16}"
    r"|[\"'][0-9a-f]{32,}[\"']"  # a digest or a random token
    r"|[\"'](?=\w*[0-9])(?=\w*[a-z])(?=\w*[A-Z])[\w+-]{32,}={0,2}[\"']"
)


def files() -> Iterator[Path]:
    """Every text file of the project."""
    for path in sorted(TOP.rglob("*")):
        inside = path.relative_to(TOP).parts
        if path.is_file() and path.suffix in _TEXT and not _NOT_OURS.intersection(inside):
            yield path


def python_files(*folders: str) -> list[Path]:
    """The Python files below some folders."""
    return [path for path in files() if path.suffix == ".py" and path.relative_to(TOP).parts[0] in folders]


def test_files_are_short() -> None:
    long = {str(path.relative_to(TOP)): len(path.read_text().splitlines()) for path in python_files("src", "tests")}
    assert len(long) > 100
    assert {path: lines for path, lines in long.items() if lines > LINES_MAX} == {}


def test_functions_fit_a_screen() -> None:
    long = []
    for path in python_files("src", "tests"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines >= FUNCTION_LINES_MAX:
                    long.append(f"{path.relative_to(TOP)}: {node.name} has {lines} lines")
    assert long == []


def test_modules_are_named_for_what_they_hold() -> None:
    names = {path.stem if path.stem != "__init__" else path.parent.name: path for path in python_files("src", "tests")}
    assert {name: str(path) for name, path in names.items() if name.lower() in BANNED} == {}


def test_everything_public_says_what_it_is_for() -> None:
    silent = []
    for path in python_files("src"):
        tree = ast.parse(path.read_text())
        if ast.get_docstring(tree) is None:
            silent.append(f"{path.relative_to(TOP)}")
        silent += [f"{path.relative_to(TOP)}: {name}" for name in undocumented(tree)]
    assert silent == []


def undocumented(node: ast.Module | ast.ClassDef) -> Iterator[str]:
    """Public functions, classes and methods without a docstring. Those of private classes are private."""
    for inner in node.body:
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or inner.name.startswith("_"):
            continue
        if ast.get_docstring(inner) is None:
            yield inner.name
        if isinstance(inner, ast.ClassDef):
            yield from (f"{inner.name}.{name}" for name in undocumented(inner))


def test_an_undocumented_function_would_be_found() -> None:
    tree = ast.parse(
        "class A:\n    'a'\n    def b(self): ...\n    def _c(self): ...\ndef d(): ...\nclass _E:\n    def f(self): ..."
    )
    assert list(undocumented(tree)) == ["A.b", "d"]


@pytest.mark.parametrize("pattern", [_PLACES, _REGISTRIES, _SECRETS], ids=["places", "registries", "secrets"])
def test_no_file_tells_of_a_machine_a_registry_or_a_secret(pattern: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(TOP)}:{number}: {line.strip()[:100]}"
        for path in files()
        if not (pattern is _SECRETS and path.name in _DIGESTS)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        *(f"key = '{'0123456789abcdef' * 2}'", f'token = "{"aB3" * 14}"', "-----BEGIN EC PRIVATE KE" + "Y-----"),
        "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxIn0.x",
    ],
)
def test_a_secret_would_be_found(line: str) -> None:
    assert _SECRETS.search(line)


def test_files_of_tests_have_names_of_their_own() -> None:
    """The folders of tests are no packages: two files of one name could not be collected in one run."""
    names = Counter(path.name for path in (TOP / "tests").rglob("test_*.py") if "node_modules" not in path.parts)

    assert [name for name, count in names.items() if count > 1] == []
