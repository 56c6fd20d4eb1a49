"""Headers of requests, as every face reads them."""

import re

from starlette.types import Scope

_ETAG = re.compile(r'(?:W/)?"(\d{1,19})"')


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers by their lower-case names; of one that comes twice the first counts."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}


def versions(condition: str | None) -> frozenset[int] | None:
    """The versions that If-Match or If-None-Match names; None for any. What names no version of ours never matches."""
    if condition is None or condition.strip() == "*":
        return None
    return frozenset(int(found) for found in _ETAG.findall(condition))
