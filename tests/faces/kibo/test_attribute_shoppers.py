"""What shoppers see and write of their custom attributes (Kibo behaviour 9.2)."""

from typing import Any

import pytest

from attribute_samples import DEFINITIONS, body, define, list_body
from shops import ACCOUNTS, PASSWORD, TICKETS, Shop, fault

INVALID = "MISSING_OR_INVALID_PARAMETER"
FORBIDDEN = (403, "FORBIDDEN")
NOT_FOUND = (404, "ITEM_NOT_FOUND")

# Of these a shopper sees the first four and writes `own` and `hidden`.
ALL = (
    body("own"),
    body("staffs", valueType="AdminEntered"),
    body("fixed", isReadOnly=True),
    list_body("list", "a", "b", isReadOnly=True),
    body("secret", valueType="AdminEntered", displayGroup="Admin"),
    body("hidden", isVisible=False),
    body("retired", isActive=False),
)
SEEN = ["tenant~own", "tenant~staffs", "tenant~fixed", "tenant~list"]
UNWRITABLE = ["staffs", "fixed", "list", "secret", "retired"]


def value(name: str, *values: object) -> dict[str, Any]:
    """An attribute on the wire."""
    return {"fullyQualifiedName": f"tenant~{name}", "values": list(values)}


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["fullyQualifiedName"] for item in items]


class Self:
    """A shopper with all of the attributes, and where they are."""

    def __init__(self, shop: Shop, ticket: dict[str, Any]) -> None:
        self.shop = shop
        self.token: dict[str, Any] = {"shopper": ticket["accessToken"]}
        self.account = f"{ACCOUNTS}/{ticket['customerAccount']['id']}"
        self.attributes = f"{self.account}/attributes"

    async def all(self) -> dict[str, list[object]]:
        """What the account really has."""
        items = (await self.shop.get(self.attributes)).json()["items"]
        return {item["fullyQualifiedName"].removeprefix("tenant~"): item["values"] for item in items}


@pytest.fixture
async def me(shop: Shop) -> Self:
    """The shopper of the test."""
    await define(shop, *ALL)
    given = [value(one["attributeCode"], "a") for one in ALL]
    return Self(shop, await shop.shopper(attributes=given))


async def test_shoppers_see_what_is_meant_for_them(shop: Shop, me: Self) -> None:
    assert names((await shop.get(me.attributes, **me.token)).json()["items"]) == SEEN
    assert (await shop.get(me.attributes, **me.token)).json()["totalCount"] == 4
    for url in (me.account, f"{ACCOUNTS}/current"):
        assert names((await shop.get(url, **me.token)).json()["attributes"]) == SEEN
    assert (await shop.get(f"{me.attributes}/tenant~own", **me.token)).json()["values"] == ["a"]
    for name in ("secret", "hidden", "retired"):
        assert fault(await shop.get(f"{me.attributes}/tenant~{name}", **me.token))[:2] == NOT_FOUND
    signed_in = await shop.shopper(attributes=[value("own", "x"), value("secret", "x")])
    assert names(signed_in["customerAccount"]["attributes"])[0] == "tenant~own"


@pytest.mark.parametrize("name", UNWRITABLE)
async def test_shoppers_do_not_write_what_is_the_staffs(shop: Shop, me: Self, name: str) -> None:
    one = f"{me.attributes}/tenant~{name}"

    assert fault(await shop.put(one, value(name, "b"), **me.token))[:2] == FORBIDDEN
    assert fault(await shop.put(one, value(name, "a"), **me.token))[:2] == FORBIDDEN
    assert fault(await shop.delete(one, **me.token))[:2] == FORBIDDEN
    put = await shop.put(me.account, {"attributes": [value("own", "b"), value(name, "b")]}, **me.token)
    assert fault(put)[:2] == FORBIDDEN
    assert (await me.all())[name] == ["a"]
    await shop.delete(one)
    assert fault(await shop.post(me.attributes, value(name, "b"), **me.token))[:2] == FORBIDDEN
    assert await me.all() == {other["attributeCode"]: ["a"] for other in ALL if other["attributeCode"] != name}


async def test_shoppers_write_what_is_theirs(shop: Shop, me: Self) -> None:
    for name in ("own", "hidden"):
        one = f"{me.attributes}/tenant~{name}"
        assert (await shop.put(one, value(name, "b"), **me.token)).json()["values"] == ["b"]
        assert (await shop.delete(one, **me.token)).status_code == 204
        assert (await shop.post(me.attributes, value(name, "c"), **me.token)).status_code == 201
    assert {**await me.all(), "own": ["c"], "hidden": ["c"]} == await me.all()


async def test_a_shopper_reaches_no_other_account(shop: Shop, me: Self) -> None:
    stranger = (await shop.account())["id"]
    for key in (stranger, 999_999_999):
        path = f"{ACCOUNTS}/{key}/attributes"
        for answer in (
            await shop.get(path, **me.token),
            await shop.get(f"{path}/tenant~own", **me.token),
            await shop.post(path, value("own", "x"), **me.token),
            await shop.put(f"{path}/tenant~own", value("own", "x"), **me.token),
            await shop.delete(f"{path}/tenant~own", **me.token),
        ):
            assert fault(answer)[:2] == FORBIDDEN


async def test_an_account_sent_back_as_it_was_read_changes_nothing(shop: Shop, me: Self) -> None:
    before = await me.all()
    read = (await shop.get(me.account, **me.token)).json()

    put = await shop.put(me.account, read, **me.token)

    assert put.status_code == 200
    assert put.json()["attributes"] == read["attributes"]
    assert await me.all() == before


async def test_a_shopper_cannot_guess_what_is_kept_from_shoppers(shop: Shop, me: Self) -> None:
    for name in ("secret", "retired"):
        for guess in ("a", "b"):
            put = await shop.put(me.account, {"attributes": [value("own", "a"), value(name, guess)]}, **me.token)
            assert fault(put)[:2] == FORBIDDEN


async def test_a_shoppers_put_removes_only_what_the_shopper_sees_and_writes(shop: Shop, me: Self) -> None:
    put = await shop.put(me.account, {"attributes": []}, **me.token)

    assert put.status_code == 200
    assert await me.all() == {one["attributeCode"]: ["a"] for one in ALL if one["attributeCode"] != "own"}
    changed = await shop.put(me.account, {"attributes": [value("own", "new")]}, **me.token)
    assert names(changed.json()["attributes"]) == SEEN
    assert (await me.all())["own"] == ["new"]
    without = await shop.put(me.account, {"lastName": "Doe"}, **me.token)
    assert names(without.json()["attributes"]) == SEEN


REQUIRED = (
    body("needed", isRequired=True),
    body("staffs", isRequired=True, valueType="AdminEntered"),
    body("fixed", isRequired=True, isReadOnly=True),
    body("hidden", isRequired=True, isVisible=False),
    body("retired", isRequired=True, isActive=False),
    body("free"),
)


async def test_what_is_required_is_required_of_shoppers_only(shop: Shop) -> None:
    await define(shop, *REQUIRED)
    me = Self(shop, await shop.shopper())
    one = f"{me.attributes}/tenant~needed"

    for empty in ([], [""], [" "], [None]):
        assert fault(await shop.post(me.attributes, value("needed", *empty), **me.token)) == (
            400,
            INVALID,
            "tenant~needed",
        )
    assert (await shop.post(me.attributes, value("needed", "x"), **me.token)).status_code == 201
    assert fault(await shop.put(one, {"values": []}, **me.token)) == (400, INVALID, "tenant~needed")
    assert fault(await shop.delete(one, **me.token)) == (400, INVALID, "tenant~needed")
    assert (await shop.put(one, {"values": []})).status_code == 200
    assert (await shop.delete(one)).status_code == 204


async def test_a_shoppers_put_with_attributes_names_the_required_ones(shop: Shop) -> None:
    await define(shop, *REQUIRED)
    me = Self(shop, await shop.shopper())

    assert (await shop.put(me.account, {"firstName": "Jo"}, **me.token)).status_code == 200
    for attributes in ([], [value("free", "x")], [value("needed", " ")], [value("needed")]):
        put = await shop.put(me.account, {"attributes": attributes}, **me.token)
        assert fault(put) == (400, INVALID, "tenant~needed")
    assert (await shop.put(me.account, {"attributes": [value("needed", "x")]}, **me.token)).status_code == 200
    assert (await shop.put(me.account, {"attributes": [value("needed", "x")]}, **me.token)).status_code == 200
    assert await me.all() == {"needed": ["x"]}
    assert (await shop.put(me.account, {"attributes": [value("needed")]})).status_code == 200
    assert fault(await shop.put(me.account, {"attributes": [value("needed")]}, **me.token))[0] == 400


async def test_who_signs_up_as_a_shopper_gives_what_is_required(shop: Shop) -> None:
    await define(shop, *REQUIRED)
    token = (await shop.get(f"{TICKETS}/anonymousshopper")).json()["accessToken"]

    for attributes in (None, [], [value("needed", "")], [value("free", "x")]):
        new = {"emailAddress": "jo@example.com", "attributes": attributes}
        assert fault(await shop.post(ACCOUNTS, new, shopper=token)) == (400, INVALID, "tenant~needed")
        sign_up = {"account": new, "password": PASSWORD}
        answer = await shop.post(f"{ACCOUNTS}/Add-Account-And-Login", sign_up, shopper=token)
        assert fault(answer) == (400, INVALID, "tenant~needed")
    staffs = {"emailAddress": "jo@example.com", "attributes": [value("needed", "x"), value("staffs", "x")]}
    assert fault(await shop.post(ACCOUNTS, staffs, shopper=token))[:2] == FORBIDDEN
    assert (await shop.get(ACCOUNTS)).json()["totalCount"] == 0

    good = {"emailAddress": "jo@example.com", "attributes": [value("needed", "x")]}
    made = await shop.post(ACCOUNTS, good, shopper=token)
    assert made.status_code == 201
    assert names(made.json()["attributes"]) == ["tenant~needed"]
    assert (await shop.account())["attributes"] == []


async def test_what_is_no_longer_required_is_no_longer_asked_for(shop: Shop) -> None:
    await define(shop, body("needed", isRequired=True))
    me = Self(shop, await shop.shopper())

    await shop.put(f"{DEFINITIONS}/tenant~needed", body("needed"))

    assert (await shop.put(me.account, {"attributes": []}, **me.token)).status_code == 200
