"""Passwords as other systems export them, from `foreign_hashes.txt`."""

from pathlib import Path
from typing import NamedTuple


class Exported(NamedTuple):
    """A password and its hash, in the exact form of the system it comes from."""

    format: str
    password: str
    hash: str
    source: str


def _read() -> tuple[Exported, ...]:
    lines = Path(__file__).with_suffix(".txt").read_text().splitlines()
    return tuple(Exported(*line.split(" | ")) for line in lines if not line.startswith("#"))


EXPORTED = _read()
