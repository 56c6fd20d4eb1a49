"""Address validation by the rules of the country: candidates, and a fault for each field (Kibo behaviour 7)."""

from typing import Any

import pytest

from addresses import AUSTIN, VALIDATE, faults, validate
from shoppers import anonymous
from shops import Shop, fault


async def test_a_good_address_has_one_validated_candidate_well_spelled(shop: Shop) -> None:
    answer = await validate(
        shop,
        address1="  1  Main St",
        address2="",
        stateOrProvince="texas",
        postalOrZipCode="787011234",
        countryCode="us",
        addressType="residential",
    )

    assert answer.status_code == 200
    blank = {f"address{n}": None for n in (2, 3, 4)}
    spelled = {"postalOrZipCode": "78701-1234", "addressType": "Residential", "isValidated": True}
    assert answer.json() == {"addressCandidates": [AUSTIN | blank | spelled]}


async def test_a_claim_to_be_validated_counts_for_nothing(shop: Shop) -> None:
    new = await validate(shop, postalOrZipCode="78700", isValidated=True)

    assert [one["isValidated"] for one in new.json()["addressCandidates"]] == [False]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"postalOrZipCode": "90210"}, {"postalOrZipCode": "lies in CA, not in TX"}),
        ({"postalOrZipCode": "x"}, {"postalOrZipCode": "is no postal code of US, such as 95014 or 22162-1010"}),
        ({"countryCode": None}, {"countryCode": "is needed"}),
        ({"countryCode": "XX"}, {"countryCode": "is not a country code"}),
        ({"addressType": "Castle"}, {"addressType": "is Residential, Commercial or None"}),
        ({"address1": "x" * 201}, {"address1": "has at most 200 characters"}),
        (
            {"address1": " ", "cityOrTown": "", "stateOrProvince": "ZZ", "postalOrZipCode": "n/a"},
            {
                "address1": "is needed in US",
                "cityOrTown": "is needed in US",
                "postalOrZipCode": "is needed in US",
                "stateOrProvince": "is no state or province of US",
            },
        ),
    ],
)
async def test_each_fault_is_told_by_its_field(shop: Shop, change: dict[str, Any], told: dict[str, str]) -> None:
    assert faults(await validate(shop, **change)) == told


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, "address"),
        ({"address": None}, "address"),
        ({"address": "1 Main St"}, "address"),
        ({"address": {"address1": 1}}, "address.address1"),
        ({"address": {**AUSTIN, "cityOrTown": "Aus\0tin"}}, "address.cityOrTown"),
        ([], "body"),
    ],
)
async def test_what_cannot_be_read_is_named(shop: Shop, body: Any, parameter: str) -> None:
    assert fault(await shop.post(VALIDATE, body)) == (400, "MISSING_OR_INVALID_PARAMETER", parameter)


async def test_shoppers_may_ask_too_and_parts_may_be_chosen(shop: Shop) -> None:
    for ticket in (await shop.shopper(), await anonymous(shop)):
        answer = await shop.post(
            VALIDATE,
            {"address": AUSTIN},
            params={"responseFields": "addressCandidates(isValidated)"},
            shopper=ticket["accessToken"],
        )
        assert answer.json() == {"addressCandidates": [{"isValidated": True}]}


async def test_nothing_is_stored(shop: Shop) -> None:
    await validate(shop)

    for table in ("address", "event", "idempotency_key"):
        count = f"select count(*) from {table} where tenant_id = $1"
        assert await shop.database.session().value(count, shop.tenant_id) == 0
