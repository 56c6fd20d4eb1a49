"""What markets and stores have in common: names, and codes that scopes of tokens can say."""

import re
from collections.abc import Mapping
from typing import Any

from patron.kernel import written
from patron.kernel.errors import Invalid
from patron.kernel.written import Text

_TEXTS = {"name": Text(200, required=True, free=True), "code": Text(100), **written.REFERENCES}
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def checked(given: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    """What a caller wrote, as it is stored. Raises Invalid."""
    values = written.checked(given, _TEXTS, is_new=is_new)
    code = values.get("code")
    if code is not None and not _CODE.fullmatch(code):
        raise Invalid.field("code", "is letters, digits, dashes, dots and underscores")
    return values
