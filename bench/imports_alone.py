"""`python -m bench.imports_alone`: measure imports and nothing else, and put them into the stored results.

They have installations of their own, so they can be measured by themselves, and say when that was.
"""

import asyncio
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from bench.imports import imported
from bench.report import LATEST, load, store, told_of_imports


def main(rounds: Annotated[int, typer.Option(min=1, help="Imports of each kind; the best counts.")] = 3) -> None:
    """Measure imports alone."""
    found = asyncio.run(imported(rounds))
    store(msgspec.structs.replace(load(), imported=found), LATEST)
    Console(soft_wrap=True).print(told_of_imports(found))


if __name__ == "__main__":
    typer.run(main)
