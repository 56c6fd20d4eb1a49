"""docs/security.md says what is so: the tests that it names exist, and its limits are the code's."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECURITY = (ROOT / "docs/security.md").read_text()
# How many lines of levels 1 and 2 each section of ASVS 5.0.0 has; they are the first ones. WebRTC is left out.
_COUNTED = """
    1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1
    4.3:2 4.4:4 5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2
    7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2
    10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5
    14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3
"""
LINES = {section: int(most) for section, _, most in (word.partition(":") for word in _COUNTED.split())}


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
    lines = [line for row in rows for part in row[0].split(", ") for line in spread(part)]
    asked = {f"{part}.{number}" for part, most in LINES.items() for number in range(1, most + 1)}
    deeper = {row[0] for row in rows if "(level 3)" in row[1]}

    assert {len(row) for row in rows} == {3}
    assert len(lines) == len(set(lines))
    assert set(lines) - deeper == asked
    assert len(asked) == 253 - 7  # 70 of level 1 and 183 of level 2, without WebRTC


def spread(part: str) -> list[str]:
    """`1.2.6–1.2.8` as the lines that it stands for."""
    first, _, last = part.partition("–")
    section, _, number = first.rpartition(".")
    end = (last or first).rpartition(".")[2]
    return [f"{section}.{n}" for n in range(int(number), int(end) + 1)]


def test_the_limits_are_the_codes() -> None:
    limits = re.findall(r"^\| [^|]+ \| ([\d,]+) \| `(patron[\w.]+)\.(\w+)` \|$", SECURITY, re.MULTILINE)
    code = {(module, name): getattr(import_module(module), name) for _, module, name in limits}

    assert len(limits) > 15
    assert {(module, name): int(at_most.replace(",", "")) for at_most, module, name in limits} == code
