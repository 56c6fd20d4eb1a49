"""Paths that lead nowhere are answered in the dialect, whatever they are made of."""

import pytest

from shops import Shop, fault


@pytest.mark.parametrize("path", ["/api/", "/api/nowhere", "/api/commerce/%0A", "/api/commerce/customer/accounts/1%0A"])
async def test_an_unknown_path_is_not_found(shop: Shop, path: str) -> None:
    assert fault(await shop.get(path)) == (404, "ITEM_NOT_FOUND", None)


async def test_a_wrong_method_is_told_the_right_ones(shop: Shop) -> None:
    answer = await shop.call("PATCH", "/api/commerce/customer/accounts/1")

    assert fault(answer) == (405, "METHOD_NOT_ALLOWED", None)
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PUT"
