"""In which state a ZIP code lies: `zips.txt`, 100 kB in memory, read when the first American address comes.

`make zips` makes the table anew out of the package `zipcodes`, which itself would cost 38 MB in each process.
"""

from functools import cache
from importlib.resources import files


class ZipTable:
    """The state of every ZIP code that is in use."""

    def __init__(self, text: str) -> None:
        self._states = [""]
        self._state_of = bytearray(100_000)
        for line in text.splitlines():
            if not line.startswith("#"):
                self._add(*line.split())

    def _add(self, state: str, *runs: str) -> None:
        if state not in self._states:
            self._states.append(state)
        place = self._states.index(state)
        for run in runs:
            first, _, last = run.partition("-")
            for number in range(int(first), int(last or first) + 1):
                self._state_of[number] = place

    def state(self, code: str) -> str | None:
        """The state of a ZIP code (its first five digits count); None when the code is not in use."""
        return self._states[self._state_of[int(code[:5])]] or None


@cache
def table() -> ZipTable:
    """The table that comes with Patron."""
    return ZipTable(files(__package__).joinpath("zips.txt").read_text("ascii"))
