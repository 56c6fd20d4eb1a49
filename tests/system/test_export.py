"""`patron export`: what it writes imports again, unchanged."""

from pathlib import Path

import pytest

from import_files import BCRYPT, customers, write_lines
from installations import Installation

ODD = [
    {"email": "guest@import.example", "first_name": 'Quote " and, comma\nnewline', "metadata": {"a": [1, {"b": None}]}},
    {"external_id": "no-address", "last_name": "Øre", "contacts": [{"city": "Łódź", "country": "PL"}]},
    {
        "email": "shut@import.example",
        "password_hash": BCRYPT + "a" * 31,
        "is_locked": True,
        "must_change_password": True,
    },
    {"email": "off@import.example", "is_active": False, "account_type": "B2B", "company": "Tea Ltd"},
    {"email": "name@import.example", "user_name": "Namely", "password_hash": "?unknown", "profile_id": "p1"},
    {"email": "guest@import.example", "holds_email": False, "external_id": "second", "tags": ["vip", "b2b"]},
    {"email": "one@import.example", "tags": "vip"},
]


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_an_export_imports_again_unchanged(installation: Installation, tmp_path: Path, ending: str) -> None:
    for name in ("Tea", "Toast"):
        installation.patron("tenant", "create", name, "--mode", "test")
    file = write_lines(tmp_path / "some.jsonl", [*customers(1_020), *ODD])
    assert "1,027 new" in installation.patron("import", str(file), "--tenant", "1001")
    first, second = tmp_path / f"first.{ending}", tmp_path / f"second.{ending}"
    assert "1,027 customers" in installation.patron("export", str(first), "--tenant", "1001", "--passwords")
    assert "1,027 new" in installation.patron("import", str(first), "--tenant", "1002")
    installation.patron("export", str(second), "--tenant", "1002", "--passwords")
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_mode & 0o777 == 0o600


def test_passwords_leave_only_on_request(installation: Installation, tmp_path: Path) -> None:
    installation.patron("tenant", "create", "Tea", "--mode", "test")
    installation.patron("import", str(write_lines(tmp_path / "some.jsonl", customers(3))))
    installation.patron("export", str(tmp_path / "out.csv"))
    written = (tmp_path / "out.csv").read_text()
    assert "$2b$" not in written
    assert "password" not in written.splitlines()[0].replace("must_change_password", "")
    assert "is there already" in installation.patron("export", str(tmp_path / "out.csv"), status=1)
