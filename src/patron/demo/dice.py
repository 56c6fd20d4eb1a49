"""Random choices out of one source. Only its `random()` is used: that sequence is promised never to change."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

LETTERS = "ABEGHJLNPRTWXYZ"  # those that every country with letters in its postal codes uses


class Dice:
    """The same `seed` text throws the same again, on every machine."""

    __slots__ = ("throw",)

    def __init__(self, seed: str) -> None:
        self.throw = Random(seed).random  # noqa: S311 - for made-up data, never for secrets

    def chance(self, share: float) -> bool:
        """True in that share of all throws."""
        return self.throw() < share

    def pick(self, things: Sequence[T]) -> T:
        """One of them."""
        return things[int(self.throw() * len(things))]

    def number(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.throw() * (high - low + 1))

    def few(self, high: int, power: int = 3) -> int:
        """A number from 1 to `high`, mostly a small one."""
        return 1 + int(high * self.throw() ** power)

    def fill(self, pattern: str) -> str:
        """The pattern with a digit for each `#` and a letter for each `@`."""
        throw = self.throw
        return "".join(
            "0123456789"[int(throw() * 10)] if c == "#" else LETTERS[int(throw() * 15)] if c == "@" else c
            for c in pattern
        )
