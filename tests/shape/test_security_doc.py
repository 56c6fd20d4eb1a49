"""docs/security.md says what is so: the tests that it names exist, and its limits are the code's."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECURITY = (ROOT / "docs/security.md").read_text()


@pytest.mark.parametrize("document", ["security.md", "operations.md"])
def test_every_test_that_is_named_exists(document: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs" / document).read_text())
    tests: dict[str, set[str]] = {}
    for path, _ in named:
        tree = ast.parse((ROOT / path).read_text())
        tests[path] = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}

    assert len(named) > 3
    assert [(path, name) for path, name in named if name and name not in tests[path]] == []


def test_every_line_of_the_standard_has_a_test_or_a_reason_and_comes_once() -> None:
    section = SECURITY.split("\n## OWASP ASVS 5.0, level 2\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if re.match(r"\| \d", line)]
    lines = [line for row in rows for line in row[0].split(", ")]

    assert len(rows) > 60
    assert {len(row) for row in rows} == {3}
    assert len(lines) == len(set(lines))


def test_the_limits_are_the_codes() -> None:
    limits = re.findall(r"^\| [^|]+ \| ([\d,]+) \| `(patron[\w.]+)\.(\w+)` \|$", SECURITY, re.MULTILINE)
    code = {(module, name): getattr(import_module(module), name) for _, module, name in limits}

    assert len(limits) > 15
    assert {(module, name): int(at_most.replace(",", "")) for at_most, module, name in limits} == code
