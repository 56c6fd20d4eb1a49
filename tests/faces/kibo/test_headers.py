"""Headers that browsers and proxies go by."""

import pytest

from shops import ACCOUNTS, TICKETS, Shop

FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Host": "t1-s1.elsewhere.test",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/elsewhere",
    "Forwarded": "for=203.0.113.9;host=t1-s1.elsewhere.test;proto=https",
    "X-Real-IP": "203.0.113.9",
    "X-Original-URL": "/api/platform/tenants/1",
    "X-HTTP-Method-Override": "DELETE",
}


@pytest.mark.parametrize("path", [ACCOUNTS, f"{ACCOUNTS}/1", f"{TICKETS}/anonymousshopper", "/api/nowhere"])
async def test_an_answer_is_for_its_caller_and_no_cache(shop: Shop, path: str) -> None:
    answer = await shop.get(path, headers={"Origin": "https://elsewhere.test"})

    assert answer.headers["cache-control"] == "no-store"
    assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_headers_of_proxies_change_nothing(shop: Shop) -> None:
    account = await shop.account()

    for path in (f"{ACCOUNTS}/{account['id']}", f"/api/platform/tenants/{shop.tenant_id}"):
        plain, forged = await shop.get(path), await shop.get(path, headers=FORGED)
        assert plain.status_code == forged.status_code == 200
        assert plain.json() == forged.json()


async def test_trace_is_refused(shop: Shop) -> None:
    assert (await shop.call("TRACE", ACCOUNTS)).status_code == 405
