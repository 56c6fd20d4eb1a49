"""What a list of SKUs and its items may say (Commerce Layer behaviour 6)."""

import re
from collections.abc import Mapping
from typing import Any

from patron.kernel import written
from patron.kernel.errors import Faults, Invalid
from patron.kernel.patterns import pattern_fault
from patron.kernel.values import fold
from patron.kernel.written import Text

ITEMS_MAX = 2_000
NUMBER_MAX = 2**31 - 1
REGEX_LENGTH_MAX = 5_000

LIST_TEXTS = {
    "name": Text(255, required=True, free=True),
    "description": Text(10_000, free=True),
    "image_url": Text(2_000),
    "sku_code_regex": Text(REGEX_LENGTH_MAX),
    **written.REFERENCES,
}
_ITEM_TEXTS = {"sku_code": Text(255, required=True), **written.REFERENCES}


def checked_list(given: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is given of a list, to be stored. `before` is what it says now. Raises Invalid.

    A list is filled by hand, or its codes are those that an expression matches.
    """
    values = written.checked(given, LIST_TEXTS, is_new=before is None)
    if "manual" in given:
        values["manual"] = given["manual"] is not False
    now: dict[str, Any] = {**(before or {"manual": True, "sku_code_regex": None}), **values}
    regex = now["sku_code_regex"]
    if not now["manual"] and regex is None:
        raise Invalid.field("sku_code_regex", "can't be blank", "missing")
    if values.get("sku_code_regex") and (fault := pattern_fault(regex)) is not None:
        raise Invalid.field("sku_code_regex", fault)
    return values


def checked_item(given: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    """What is given of an item, to be stored; null means the default, for a position the last. Raises Invalid."""
    faults = Faults()
    values: dict[str, Any] = {}
    with faults.of():
        values = written.checked(given, _ITEM_TEXTS, is_new=is_new)
    for name in ("position", "quantity"):
        number = given.get(name)
        with faults.of():
            if number is not None and not 1 <= number <= NUMBER_MAX:
                raise Invalid.field(name, f"must be between 1 and {NUMBER_MAX}", "inclusion")
        if number is not None:
            values[name] = number
        elif name == "quantity" and name in given:
            values[name] = 1
    faults.tell()
    return values


def slug(name: str) -> str:
    """A name as part of an address: `My list (summer)` becomes `my-list-summer`."""
    return re.sub(r"\W+", "-", fold(name)).strip("-")[:200].strip("-") or "list"
