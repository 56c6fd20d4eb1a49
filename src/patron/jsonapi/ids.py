"""Ids as this dialect writes them: ten letters or more, made of the same integer that the first dialect shows.

Guests read and change some resources by nothing but their id (an address, an order of a guest). So an id must not be
guessed from another: beside the number it carries a code of 30 bits that only this installation can make. Whoever
tries ids meets the limit of requests long before a right one.
"""

from functools import lru_cache

from sqids import Sqids

from patron.kernel.secrets import Vault
from patron.kernel.values import ID_MAX

# Letters in an order of our own. It never changes: ids are kept by clients.
_ALPHABET = "kWjzbLyVHxTqSdMCfvNwQgZrBtKGcJpDhXsRmnFP"
_SQIDS = Sqids(alphabet=_ALPHABET, min_length=10, blocklist=[])
_LENGTH_MAX = 24
_CODE_BITS = 30
_vault: list[Vault] = []  # the installation's: one for the life of the process, as its key is


def use(vault: Vault) -> None:
    """Make ids with this installation's key from now on."""
    _vault[:] = [vault]
    shown.cache_clear()
    read.cache_clear()


def _code(number: int) -> int:
    return int(_vault[0].mac("resource id", str(number)), 16) & (1 << _CODE_BITS) - 1


@lru_cache(maxsize=100_000)
def shown(number: int) -> str:
    """The id of a number."""
    return _SQIDS.encode([number, _code(number)])


@lru_cache(maxsize=20_000)
def read(text: str) -> int | None:
    """The number of an id, or None for text that the installation gave to none."""
    if not 10 <= len(text) <= _LENGTH_MAX or not set(text) <= set(_ALPHABET):
        return None
    numbers = _SQIDS.decode(text)
    if len(numbers) != 2 or not 0 < numbers[0] <= ID_MAX or shown(numbers[0]) != text:
        return None
    return int(numbers[0])
