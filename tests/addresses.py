"""An address under test, and what is said of it."""

from typing import Any

import httpx

from shops import Shop, fault

VALIDATE = "/api/commerce/customer/addressvalidation"
AUSTIN = {
    "address1": "1 Main St",
    "cityOrTown": "Austin",
    "stateOrProvince": "TX",
    "postalOrZipCode": "78701",
    "countryCode": "US",
}


async def validate(shop: Shop, /, **address: Any) -> httpx.Response:
    """Have the address in Austin checked, with these fields in place of its own."""
    return await shop.post(VALIDATE, {"address": AUSTIN | address})


def faults(answer: httpx.Response) -> dict[str, str]:
    """Field and sentence of every fault, after checking that the answer is the dialect's."""
    first = fault(answer)
    assert first[:2] == (400, "MISSING_OR_INVALID_PARAMETER")
    items = answer.json()["items"]
    found = {item["additionalErrorData"][0]["value"]: item["message"] for item in items}
    assert len(found) == len(items)
    assert next(iter(found)) == first[2]
    return {name: text.removeprefix(f"Missing or invalid parameter: {name} ") for name, text in found.items()}
