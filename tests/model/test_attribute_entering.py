"""Who may enter which values of orders' attributes, and what comes of them (Kibo behaviour 9.2, 9.3)."""

from typing import Any

import pytest

from attribute_samples import definition, details, list_of
from patron.attributes.entering import ATTRIBUTES_AT_ONCE_MAX, entered
from patron.attributes.model import ORDERS, Definition, Details
from patron.kernel.errors import Forbidden, Invalid, NotFound


def of_orders(*given: Details) -> dict[str, Definition]:
    """Definitions of orders' attributes, by their keys."""
    made = [definition(one, more={"id": number, "family": ORDERS}) for number, one in enumerate(given, start=1)]
    return {one.fqn.lower(): one for one in made}


NOTE = details(code="Note")
GIFT = list_of("Card", "Ribbon", code="gift", is_multi_valued=True)
SOURCE = details(code="source", value_type="AdminEntered", display_group="Admin")
EITHER = details(code="either", value_type="AdminOrShopperEntered", data_type="Number")
TERMS = details(code="terms", data_type="Bool", is_required=True)
ALL = of_orders(NOTE, GIFT, SOURCE, EITHER, TERMS)
AGREED: dict[str, list[Any]] = {"tenant~terms": [True]}


def written(given: dict[str, list[Any]], **how: Any) -> dict[str, list[Any]]:
    return {one.fqn: values for one, values in entered(ALL, given, **how)}


def test_values_come_out_as_they_are_stored() -> None:
    given = {"TENANT~note": ["Ring twice"], "tenant~gift": ["ribbon", None, "RIBBON"], "tenant~either": [7], **AGREED}

    for by_shopper in (True, False):
        assert written(given, by_shopper=by_shopper) == {
            "tenant~Note": ["Ring twice"],
            "tenant~gift": ["Ribbon"],
            "tenant~either": [7],
            "tenant~terms": [True],
        }


def test_what_the_staff_enters_no_shopper_does() -> None:
    assert written({"tenant~source": ["call centre"]}, by_shopper=False) == {"tenant~source": ["call centre"]}
    with pytest.raises(Forbidden, match="tenant~source"):
        written({"tenant~source": ["call centre"], **AGREED}, by_shopper=True)


@pytest.mark.parametrize("values", [[], [None]])
def test_what_is_required_is_asked_of_shoppers_only(values: list[Any]) -> None:
    for given in ({}, {"tenant~terms": values}):
        assert written(given, by_shopper=False) in ({}, {"tenant~terms": []})
        with pytest.raises(Invalid) as caught:
            written(given, by_shopper=True)
        assert [(one.field, one.code) for one in caught.value.problems] == [("tenant~terms", "missing")]


def test_every_fault_is_told_at_once_under_the_attributes_name() -> None:
    with pytest.raises(Invalid) as caught:
        written({"tenant~gift": ["Bow"], "tenant~either": ["seven"], "tenant~note": [1]}, by_shopper=True)

    assert sorted(one.field for one in caught.value.problems) == [
        "tenant~Note",
        "tenant~either",
        "tenant~gift",
        "tenant~terms",
    ]


def test_what_is_the_same_as_before_is_left_out_and_no_fault() -> None:
    seen = of_orders(details(code="agent", value_type="AdminEntered"), NOTE)
    held: dict[int, list[Any]] = {1: ["Kim"], 2: ["Ring"]}

    same = {"tenant~agent": ["Kim"], "tenant~note": ["Ring"]}
    assert entered(seen, same, by_shopper=True, held=held) == []
    with pytest.raises(Forbidden):
        entered(seen, {"tenant~agent": ["Lee"]}, by_shopper=True, held=held)
    ((changed, values),) = entered(seen, {"tenant~note": ["Knock"]}, by_shopper=True, held=held)
    assert (changed.fqn, values) == ("tenant~Note", ["Knock"])


def test_nobody_finds_out_by_trying_what_a_shopper_cannot_see() -> None:
    held: dict[int, list[Any]] = {3: ["call centre"]}

    with pytest.raises(Forbidden):
        written({"tenant~source": ["call centre"], **AGREED}, by_shopper=True, held=held)


def test_names_are_known_and_come_once() -> None:
    with pytest.raises(NotFound):
        written({"tenant~unknown": [1]}, by_shopper=False)
    with pytest.raises(Invalid, match="is needed"):
        written({"": [1]}, by_shopper=False)
    with pytest.raises(Invalid, match="named twice"):
        written({"tenant~note": ["a"], "TENANT~note": ["b"]}, by_shopper=False)
    with pytest.raises(Invalid, match="at most"):
        written({f"tenant~{n}": [] for n in range(ATTRIBUTES_AT_ONCE_MAX + 1)}, by_shopper=False)
