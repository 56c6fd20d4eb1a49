"""The declarations of the second face against its contract: what is missing and what is beyond is listed."""

from contract.facts import lines
from contract.jsonapi_facts import contract, declared, without_details
from patron.jsonapi.filters import PREDICATES


def test_what_we_do_not_serve_is_listed() -> None:
    """`jsonapi_not_served.txt` may only become shorter. A line too many is one to take out: it is served now."""
    missing = without_details(contract(), declared())
    assert missing == set(lines("jsonapi_not_served.txt"))


def test_what_we_have_beyond_the_contract_is_listed() -> None:
    """`jsonapi_extras.txt` is exact."""
    assert without_details(declared(), contract()) == set(lines("jsonapi_extras.txt"))


def test_every_predicate_is_there() -> None:
    """And the two that official clients use without a line in the list."""
    assert set(PREDICATES) == {*lines("jsonapi_predicates.txt"), "i_cont", "not_i_cont"}
