"""What the Makefile says to someone whose machine lacks something."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}


@pytest.mark.parametrize("target", ["serve", "test", "check"])
def test_without_a_suitable_python_it_says_what_to_install(tmp_path: Path, target: str) -> None:
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "tests" / "clients", tmp_path / "tests" / "clients", ignore=lambda *_: ["node_modules"])
    made = subprocess.run(
        ["make", target, "PYTHON=/no/such/python"], cwd=tmp_path, env=CLEAN, capture_output=True, text=True, check=False
    )
    assert made.returncode == 2
    assert "Patron needs Python 3.11 or newer with its venv module, and found none (/no/such/python)" in made.stderr
    assert "apt install python3 python3-venv" in made.stderr
    assert not (tmp_path / ".venv").exists()


def test_make_alone_explains_the_targets() -> None:
    made = subprocess.run(["make"], cwd=ROOT, env=CLEAN, capture_output=True, text=True, check=True)
    for target in ("make serve", "make test", "make check", "PATRON_HOME", "DATABASE_URL"):
        assert target in made.stdout


def test_no_lock_names_a_registry() -> None:
    resolved = (ROOT / "tests" / "clients" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in resolved
    for lock in ("requirements.lock", "requirements-dev.lock"):
        assert "://" not in (ROOT / lock).read_text(encoding="utf-8")
