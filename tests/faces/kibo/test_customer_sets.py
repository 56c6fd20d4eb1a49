"""Customer sets: the sites that share accounts."""

import httpx
import pytest

from patron.app import clock
from patron.kernel.db import Database
from patron.kernel.errors import Taken
from patron.tenants import actions as tenants
from shops import Shop, fault, open_shop

SETS = "/api/commerce/customer/customerSets"
INVALID = (400, "MISSING_OR_INVALID_PARAMETER")


async def outlet(database: Database, shop: Shop) -> int:
    """A second customer set with two sites. Answers the id of the first."""
    db = database.session()
    await tenants.create_customer_set(db, shop.tenant_id, code="Outlet", name="the outlet", now=clock())
    first = await tenants.create_site(db, shop.tenant_id, name="Outlet one", customer_set="Outlet", now=clock())
    await tenants.create_site(db, shop.tenant_id, name="Outlet two", customer_set="Outlet", now=clock())
    shop.token = await shop.sign_in()
    return first


async def test_the_default_set_has_the_first_site(shop: Shop) -> None:
    listed = (await shop.get(SETS)).json()

    (one,) = listed["items"]
    assert listed["totalCount"] == 1
    assert (one["code"], one["isDefault"], one["description"]) == ("default", True, None)
    assert one["sites"] == [{"siteId": shop.site_id, "name": "Main street", "customerSetCode": "default"}]
    assert one["aggregateInfo"] == {"customerCount": 0}
    assert set(one["auditInfo"]) == {"createBy", "createDate", "updateBy", "updateDate"}
    assert one["auditInfo"]["createDate"].endswith("Z")
    assert (await shop.get(f"{SETS}/default")).json() == one


async def test_each_set_has_its_own_sites_and_count(shop: Shop, database: Database) -> None:
    site_id = await outlet(database, shop)
    await shop.account()
    await shop.shopper()
    there = {"x-vol-site": str(site_id)}
    gone = await shop.post("/api/commerce/customer/accounts", {}, headers=there)
    await shop.post("/api/commerce/customer/accounts", {}, headers=there)
    await shop.delete(f"/api/commerce/customer/accounts/{gone.json()['id']}")

    items = {one["code"]: one for one in (await shop.get(SETS)).json()["items"]}

    assert items["default"]["aggregateInfo"] == {"customerCount": 2}
    assert items["Outlet"]["aggregateInfo"] == {"customerCount": 1}
    assert items["Outlet"]["isDefault"] is False
    assert [site["name"] for site in items["Outlet"]["sites"]] == ["Outlet one", "Outlet two"]
    assert [site["name"] for site in items["default"]["sites"]] == ["Main street"]


@pytest.mark.parametrize(
    ("groups", "counted"),
    [("AggregateInfo", True), ("sites, aggregateinfo", True), ("", True), ("Sites", False), ("nothing", False)],
)
async def test_the_count_comes_with_its_response_group(shop: Shop, groups: str, counted: bool) -> None:
    (one,) = (await shop.get(SETS, params={"responseGroups": groups})).json()["items"]

    assert ("aggregateInfo" in one) is counted


async def test_parts_are_chosen_whether_there_or_not(shop: Shop) -> None:
    params = {"responseGroups": "Sites", "responseFields": "items(code,aggregateInfo,sites.siteId)"}

    chosen = (await shop.get(SETS, params=params)).json()

    assert chosen == {"items": [{"code": "default", "sites": [{"siteId": shop.site_id}]}]}
    one = await shop.get(f"{SETS}/default", params={"responseFields": "aggregateInfo.customerCount"})
    assert one.json() == {"aggregateInfo": {"customerCount": 0}}


@pytest.mark.parametrize(
    ("order", "codes"),
    [
        (None, ["Outlet", "default"]),
        ("code desc", ["default", "Outlet"]),
        ("name", ["default", "Outlet"]),
        ("isDefault desc", ["default", "Outlet"]),
        ("auditInfo.createDate asc", ["default", "Outlet"]),
        ("updateDate desc, code", ["Outlet", "default"]),
        ("description, code asc", ["Outlet", "default"]),
    ],
)
async def test_they_are_sorted_and_paged(shop: Shop, database: Database, order: str | None, codes: list[str]) -> None:
    await outlet(database, shop)
    params = {"pageSize": 1, **({"sortBy": order} if order else {})}

    first = (await shop.get(SETS, params=params)).json()
    by_cursor = (await shop.get(SETS, params=params | {"cursor": first["nextCursor"]})).json()
    by_offset = (await shop.get(SETS, params=params | {"startIndex": 1})).json()

    assert [one["code"] for one in first["items"] + by_cursor["items"]] == codes
    assert by_offset["items"] == by_cursor["items"]
    assert (first["totalCount"], first["pageCount"], by_cursor["nextCursor"]) == (2, 2, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [("sortBy", "sites"), ("pageSize", "-1"), ("startIndex", "x"), ("cursor", "x"), ("responseFields", "a(")],
)
async def test_what_cannot_be_asked_is_refused_by_name(shop: Shop, name: str, value: str) -> None:
    assert fault(await shop.get(SETS, params={name: value})) == (*INVALID, name)


@pytest.mark.parametrize("code", ["default", "DEFAULT", "Default"])
async def test_a_code_is_found_in_any_case(shop: Shop, code: str) -> None:
    assert (await shop.get(f"{SETS}/{code}")).json()["code"] == "default"


@pytest.mark.parametrize("code", ["nobody", "Outlet", "%00", "default%00", "x" * 5_000])
async def test_sets_of_nobody_and_of_others_are_not_found(
    shop: Shop, other_shop: Shop, database: Database, code: str
) -> None:
    await outlet(database, other_shop)

    answer = await shop.get(f"{SETS}/{code}")

    assert fault(answer) == (404, "ITEM_NOT_FOUND", None)
    assert len(answer.text) < 1_000
    assert (await shop.get(SETS)).json()["totalCount"] == 1


async def test_a_code_is_taken_in_any_case(shop: Shop, database: Database) -> None:
    with pytest.raises(Taken):
        await tenants.create_customer_set(database.session(), shop.tenant_id, code="DEFAULT", name="Again", now=clock())

    assert (await shop.get(SETS)).json()["totalCount"] == 1


async def test_sets_are_not_for_shoppers(shop: Shop) -> None:
    token = (await shop.shopper())["accessToken"]

    for path in (SETS, f"{SETS}/default"):
        assert fault(await shop.get(path, shopper=token)) == (403, "FORBIDDEN", None)


async def test_they_are_read_only(shop: Shop) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = await shop.call(method, SETS)
        assert fault(answer) == (405, "METHOD_NOT_ALLOWED", None)
        assert answer.headers["allow"] == "GET, HEAD"


async def test_the_application_needs_the_behavior(http: httpx.AsyncClient, database: Database) -> None:
    writer = await open_shop(http, database, ("customer:update",))

    for path in (SETS, f"{SETS}/default"):
        assert fault(await writer.get(path)) == (403, "FORBIDDEN", None)
