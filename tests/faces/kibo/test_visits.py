"""Visits through the face: recorded, read, listed, replaced, and counted on their account (Kibo behaviour 12)."""

from datetime import timedelta
from typing import Any

from buyers import buyer_of
from patron.kernel.clock import clock
from patron.kibo.wire import time
from shops import Shop

VISITS = "/api/commerce/customer/visits"
INVALID = (400, "MISSING_OR_INVALID_PARAMETER")


async def visit(shop: Shop, **fields: Any) -> dict[str, Any]:
    answer = await shop.post(VISITS, {"type": "Website", **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_visit_is_recorded_with_all_that_was_said(shop: Shop) -> None:
    buyer = await buyer_of(shop)
    at = time(clock() - timedelta(days=3))
    said = {
        "accountId": buyer.id,
        "userId": "u-1",
        "type": "store",
        "date": at,
        "webSessionId": "s-1",
        "webReferrer": "https://search.example/?q=shoes",
        "webUserAgent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 Safari/604.1",
        "browserLocationCode": "DE-BE",
        "locationCode": "berlin-1",
    }

    made = await shop.post(VISITS, said)

    assert made.status_code == 201, made.text
    assert made.json() == {
        **said,
        "type": "Store",
        "id": made.json()["id"],
        "webSiteId": shop.site_id,
        "deviceClass": "phone",
        "transactions": [],
    }
    read = await shop.get(f"{VISITS}/{made.json()['id']}")
    assert read.json() == made.json()
    assert read.headers["etag"] == made.headers["etag"] == '"1"'
    assert (await buyer.summary())["visitsCount"] == 1
    listed = await shop.get(VISITS)
    assert listed.json()["items"] == [made.json()]
    assert listed.json()["totalCount"] == 1
