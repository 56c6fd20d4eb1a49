"""Regular expressions that others write and that the server runs, in linear time.

The engine is Rust's `regex`, as pydantic-core brings it: it never goes back, so that no expression makes it run away,
and it has neither look-around nor back-references. Its time still grows with expression times text. What bounds that:
the length of the expression, how often its parts may repeat, and the length of the text (`TEXT_LENGTH_MAX`).
"""

import re
from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema

PATTERN_LENGTH_MAX = 200  # Kibo behaviour 9.1
REPEATS_MAX = 500
TEXT_LENGTH_MAX = 500

# Escapes are stepped over, `\x{41}` and `\p{L}` with their braces. What is left of braces are repetitions; with the
# flag x they could be written in ways that we do not see.
_PIECE = re.compile(
    r"\\[xuUpP]\{[^}]*\}|\\.|(?P<verbose>\(\?[A-Za-z-]*x)"
    r"|\{\s*(?P<low>[0-9]*)\s*(?:,\s*(?P<high>[0-9]*)\s*)?\}",
    re.DOTALL,
)


def pattern_fault(pattern: str) -> str | None:
    """What keeps us from running an expression, as a sentence without its subject; None if nothing does."""
    times = 1
    for found in _PIECE.finditer(pattern):
        if found["verbose"]:
            return "must not have the flag x"
        times *= max(1, int(found["low"] or 0), int(found["high"] or 0))
    if times > REPEATS_MAX:
        return f"has repetitions that come to more than {REPEATS_MAX} when multiplied"
    try:
        _compiled(pattern)
    except SchemaError:
        return "is no regular expression that runs in linear time (look-around and back-references do not)"
    return None


def matches(pattern: str, text: str) -> bool:
    """Whether an expression without fault is found in a text of at most `TEXT_LENGTH_MAX` characters."""
    assert len(text) <= TEXT_LENGTH_MAX
    return _compiled(pattern).isinstance_python(text)


@lru_cache(maxsize=16)
def _compiled(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
