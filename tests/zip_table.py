"""Makes `src/patron/addresses/zips.txt` out of the package `zipcodes`: a line a state, runs of codes. `make zips`."""

from collections import defaultdict
from pathlib import Path

import zipcodes

FILE = Path(__file__).parents[1] / "src/patron/addresses/zips.txt"


def made() -> str:
    """The table, from what the installed package says."""
    codes: dict[str, list[int]] = defaultdict(list)
    for one in zipcodes.list_all():
        if one["active"]:
            codes[one["state"]].append(int(one["zip_code"]))
    lines = [
        f"# ZIP codes in use, by state. Made by `make zips` from zipcodes {zipcodes.__version__}:",
        "# under its license, which stands in zips.LICENSE.txt.",
        *(f"{state} {' '.join(runs)}" for state in sorted(codes) for runs in batched(_runs(sorted(codes[state])))),
    ]
    return "\n".join(lines) + "\n"


def batched(runs: list[str], size: int = 10) -> list[list[str]]:
    """Runs by lines that can be read."""
    return [runs[first : first + size] for first in range(0, len(runs), size)]


def _runs(numbers: list[int]) -> list[str]:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [f"{first:05}" if first == last else f"{first:05}-{last:05}" for first, last in runs]


if __name__ == "__main__":
    FILE.write_text(made(), encoding="ascii")
