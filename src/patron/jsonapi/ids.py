"""Ids as this dialect writes them: ten letters or more, made of the same integer that the first dialect shows.

Sqids are no secret: they only keep ids from looking like numbers, as clients of this dialect expect.
"""

from functools import lru_cache

from sqids import Sqids

from patron.kernel.values import ID_MAX

# Letters in an order of our own. It never changes: ids are kept by clients.
_ALPHABET = "kWjzbLyVHxTqSdMCfvNwQgZrBtKGcJpDhXsRmnFP"
_SQIDS = Sqids(alphabet=_ALPHABET, min_length=10, blocklist=[])
_LENGTH_MAX = 20


@lru_cache(maxsize=100_000)
def shown(number: int) -> str:
    """The id of a number."""
    return _SQIDS.encode([number])


@lru_cache(maxsize=20_000)
def read(text: str) -> int | None:
    """The number of an id, or None for text that is the id of none."""
    if not 10 <= len(text) <= _LENGTH_MAX or not set(text) <= set(_ALPHABET):
        return None
    numbers = _SQIDS.decode(text)
    if len(numbers) != 1 or not 0 < numbers[0] <= ID_MAX or _SQIDS.encode(numbers) != text:
        return None
    return int(numbers[0])
