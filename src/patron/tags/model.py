"""What a tag may be called, and how many of them there may be on one record (Commerce Layer behaviour 6)."""

import re

from patron.kernel.errors import Invalid
from patron.kernel.written import check_length

NAME_LENGTH_MAX = 25
TAGS_MAX = 10
LISTED_MAX = 2_000

_NAME = re.compile(r"[a-z0-9_:-]+")


def checked_name(name: str | None) -> str:
    """The name in lower case. Raises Invalid."""
    made = (name or "").strip().lower()
    if not made:
        raise Invalid.field("name", "can't be blank", "missing")
    check_length("name", made, NAME_LENGTH_MAX)
    if not _NAME.fullmatch(made):
        raise Invalid.field("name", "is invalid: letters, digits and _ - : only")
    return made


def listed(text: str | None) -> list[str]:
    """The names in a list with commas, each once and in its order; what cannot be one is left out."""
    if text is not None and len(text) > LISTED_MAX:
        raise Invalid.field("tags", f"are too long a list (maximum is {LISTED_MAX} characters)", "too_long")
    names = [name.strip().lower() for name in (text or "").split(",")]
    return list(dict.fromkeys(name for name in names if len(name) <= NAME_LENGTH_MAX and _NAME.fullmatch(name)))
