"""Requests in sequences: what was made is found, what was deleted is gone, whatever happened in between.

The document is given links from each creation to all that can be done with what it made; Schemathesis walks them.
"""

import json
import os
import random
import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from schemathesis import Case, Response
from schemathesis.checks import CHECKS, load_all_checks
from supply import Supply

from patron.kibo import openapi
from product_samples import PRODUCT_ATTRIBUTES
from shops import ACCOUNTS

JOURNEYS = int(os.environ.get("FUZZ_EXAMPLES", "0"))  # 0 is the short form
# What a POST makes, by the path below which it is found then; the id's name in the path and in the answer. What stands
# alone (an account, a product attribute) begins a table, and a journey goes through one table.
OF_ACCOUNTS = {
    ACCOUNTS: ("accountId", "id"),
    f"{ACCOUNTS}/{{accountId}}/contacts": ("contactId", "id"),
    f"{ACCOUNTS}/{{accountId}}/notes": ("noteId", "id"),
    f"{ACCOUNTS}/{{accountId}}/cards": ("cardId", "id"),
    f"{ACCOUNTS}/{{accountId}}/attributes": ("attributeFQN", "fullyQualifiedName"),
    f"{ACCOUNTS}/{{accountId}}/transactions": ("transactionId", "transactionId"),
}
_LABELS = "LocalizedContent"
OF_PRODUCT_ATTRIBUTES = {
    PRODUCT_ATTRIBUTES: ("attributeFQN", "attributeFQN"),
    f"{PRODUCT_ATTRIBUTES}/{{attributeFQN}}/{_LABELS}": ("localeCode", "localeCode"),
    f"{PRODUCT_ATTRIBUTES}/{{attributeFQN}}/VocabularyValues": ("value", "value"),
    f"{PRODUCT_ATTRIBUTES}/{{attributeFQN}}/VocabularyValues/{{value}}/{_LABELS}": ("localeCode", "localeCode"),
}
WANTED = ("POST 201", "GET 200", "PUT 200", "DELETE 204")
ROUNDS_MAX = 8
OUTLIVES = "/AuditLog/Entries"  # what happened to an account can still be read when it is deleted


def linked_document(made: dict[str, tuple[str, str]]) -> dict[str, Any]:
    """The document with links, and with the part of it only that is about what a table names first."""
    top = next(iter(made))
    document: dict[str, Any] = json.loads(openapi.document())
    paths = {path: one for path, one in document["paths"].items() if not path.endswith(OUTLIVES)}
    for path, (name, property_) in made.items():
        given = {one: f"$request.path.{one}" for one in re.findall(r"\{(\w+)\}", path)}
        below = [one for one in paths if one.startswith(f"{path}/{{{name}}}")]
        links = {
            f"{method}-{one}": {
                "operationId": operation["operationId"],
                "parameters": {**given, name: f"$response.body#/{property_}"},
            }
            for one in below
            for method, operation in paths[one].items()
        }
        paths[path]["post"]["responses"]["201"]["links"] = links
    # By its name this field is taken for the id of something that is to be made first, and nothing would begin.
    del document["components"]["schemas"]["CatalogAdminsAttribute"]["properties"]["masterCatalogId"]
    document["paths"] = {path: paths[path] for path in paths if path == top or path.startswith(f"{top}/{{")}
    return document


load_all_checks()
LEFT_OUT = list(map(CHECKS.get_one, ("positive_data_acceptance", "negative_data_rejection", "ignored_auth")))


@pytest.mark.parametrize("made", [OF_ACCOUNTS, OF_PRODUCT_ATTRIBUTES], ids=["accounts", "product attributes"])
def test_what_is_made_is_there_until_it_is_deleted(supply: Supply, made: dict[str, tuple[str, str]]) -> None:
    schema = schemathesis.openapi.from_dict(linked_document(made))
    schema.config.generation.update(with_security_parameters=False, modes=["positive"], database="none")

    class Journey(schema.as_state_machine()):  # type: ignore[misc]
        """One sequence of calls, with the ids that the calls before gave."""

        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            return {
                "base_url": supply.address,
                "session": supply.session,
                "headers": {"Authorization": f"Bearer {supply.shop.token}"},
            }

        def before_call(self, case: Case) -> None:
            supply.furnish(case)
            super().before_call(case)

        def after_call(self, response: Response, case: Case) -> None:
            super().after_call(response, case)
            supply.statuses[f"{case.method} {response.status_code}"] += 1

        def validate_response(self, response: Response, case: Case, *_: Any, **kwargs: Any) -> None:
            case.validate_response(response, excluded_checks=LEFT_OUT, transport_kwargs=kwargs, recorder=self.recorder)

    # What is drawn hangs on ids that no two runs share, so one round may miss what is rare: then another is walked.
    first = random.randrange(2**32) if JOURNEYS else 0
    for number in range(ROUNDS_MAX):
        seed(first + number)(Journey)
        Journey.run(
            settings=settings(
                max_examples=JOURNEYS or 15,
                stateful_step_count=12,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
        )
        if all(supply.statuses[wanted] for wanted in WANTED):
            return
    raise AssertionError(f"{WANTED} were not all seen: {supply.statuses}")
