"""Every operation of the document, with requests that nobody would write: odd, broken, and almost right ones.

Schemathesis draws them out of the document and holds the answers against it: status, body, headers, content type,
methods, tokens. `make fuzz` draws more, and others each time; the short form always draws the same.
"""

import json
import os
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation.meta import CoverageScenario
from supply import Supply, name_of, number_of

from patron.kibo import openapi

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))  # for each operation; 0 is the short form
# What the short form leaves out: whole accounts and the like have some hundred fields, each odd in a dozen ways.
WIDE = ("addAccount", "addAccountAndLogin", "addAccounts", "updateAccount", "createAttribute", "updateAttribute",
        "addAccountContact", "addAccountContactList", "updateAccountContact")  # fmt: skip
SENT_OF_WIDE, SENT_OF_WRONG_TYPES = 5, 6  # one in so many

schema = schemathesis.openapi.from_dict(json.loads(openapi.document()))
schema.config.generation.update(
    with_security_parameters=False, deterministic=not EXAMPLES, max_examples=EXAMPLES or 10, database="none"
)
load_all_checks()
# Left out: a schema cannot say all that we ask of a value. Not for all: a real thing may stand where a bad value was
# drawn, and one look at what an operation does without a token is enough.
TAKEN, REFUSED, AUTH = map(CHECKS.get_one, ("positive_data_acceptance", "negative_data_rejection", "ignored_auth"))


@pytest.fixture(autouse=True)
def reached(supply: Supply) -> Iterator[None]:
    """Some of the requests have done what they asked for. If chance has drawn none, the good one at least does."""
    yield
    if not supply.successes:
        supply.send_good()
    assert supply.successes, supply.statuses


def is_left_out(case: Case) -> bool:
    """Whether the short form does without a case."""
    scenario = getattr(case.meta.phase.data, "scenario", None)
    one_in = SENT_OF_WIDE if name_of(case)[1] in WIDE else 1
    if scenario is CoverageScenario.INCORRECT_TYPE:
        one_in = SENT_OF_WRONG_TYPES
    return number_of(case) % one_in != 0


@schema.parametrize()
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_answers_are_as_documented(case: Case, supply: Supply) -> None:
    supply.case = case
    if not EXAMPLES and is_left_out(case):
        return
    excluded = [TAKEN]
    if supply.feed(case):
        excluded.append(REFUSED)
    headers = {"Authorization": f"Bearer {supply.shop.token}"}
    response = case.call(supply.address, supply.session, headers)
    supply.answered(case, response)
    if supply.successes > 1:
        excluded.append(AUTH)
    with_session = {"session": supply.session}
    case.validate_response(response, headers=headers, excluded_checks=excluded, transport_kwargs=with_session)
    assert response.headers["x-vol-correlation"]
    if response.status_code >= 400 and case.method != "HEAD":
        assert response.json()["correlationId"] == response.headers["x-vol-correlation"][0]
