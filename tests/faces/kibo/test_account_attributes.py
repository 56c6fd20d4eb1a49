"""Attributes in the body of an account (Kibo behaviour 6.1), and accounts found by them (5.3)."""

import asyncio
from typing import Any

import pytest

from attribute_samples import B2B_DEFINITIONS, DEFINITIONS, body, define, list_body
from shops import ACCOUNTS, PASSWORD, Shop, fault
from statements import Watch

INVALID = "MISSING_OR_INVALID_PARAMETER"


def value(name: str, *values: object) -> dict[str, Any]:
    """An attribute on the wire."""
    return {"fullyQualifiedName": f"tenant~{name}", "values": list(values)}


def attributes_of(account: dict[str, Any]) -> dict[str, list[object]]:
    return {one["fullyQualifiedName"]: one["values"] for one in account["attributes"]}


async def test_an_account_is_made_with_its_attributes(shop: Shop) -> None:
    await define(shop, body("late", order=2), body("Early", order=1, dataType="Number"))
    given = [value("late", "x"), value("EARLY", 7.50)]

    made = await shop.post(ACCOUNTS, {"emailAddress": "jo@example.com", "attributes": given})

    assert made.status_code == 201
    assert [*attributes_of(made.json()).items()] == [("tenant~Early", [7.5]), ("tenant~late", ["x"])]
    assert (await shop.get(f"{ACCOUNTS}/{made.json()['id']}")).json() == made.json()
    assert (await shop.get(ACCOUNTS)).json()["items"] == [made.json()]


async def test_every_way_to_make_an_account_takes_attributes(shop: Shop) -> None:
    await define(shop, body("color"))
    red = {"attributes": [value("color", "red")]}

    ticket = await shop.shopper(**red)
    rows = [{"account": {"emailAddress": f"{n}@example.com", **red}, "password": PASSWORD} for n in range(2)]
    bulk = await shop.post(f"{ACCOUNTS}/Bulk", rows)

    for account in (ticket["customerAccount"], *bulk.json()["items"]):
        assert attributes_of(account) == {"tenant~color": ["red"]}


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ([value("color", 1)], (400, INVALID, "tenant~color")),
        ([value("color", "red"), value("size", "x")], (400, INVALID, "tenant~size")),
        ([{"values": ["red"]}], (400, INVALID, "fullyQualifiedName")),
        ([value("color", "red"), value("COLOR", "red")], (400, INVALID, "tenant~color")),
        ([value("unknown", "red")], (404, "ITEM_NOT_FOUND", None)),
        ([value("industry", "tea")], (404, "ITEM_NOT_FOUND", None)),
        ([value(f"n{n}", "x") for n in range(201)], (400, INVALID, "attributes")),
        ("red", (400, INVALID, "attributes")),
    ],
)
async def test_wrong_attributes_leave_nothing_behind(
    shop: Shop, attributes: object, expected: tuple[int, str, str | None]
) -> None:
    await define(shop, body("color"), body("size", dataType="Number"))
    await define(shop, body("industry"), path=B2B_DEFINITIONS)
    account = await shop.account(lastName="Before", attributes=[value("color", "blue")])
    url = f"{ACCOUNTS}/{account['id']}"

    assert fault(await shop.post(ACCOUNTS, {"attributes": attributes})) == expected
    assert fault(await shop.put(url, {"lastName": "After", "attributes": attributes})) == expected
    assert (await shop.get(url)).json() == account
    assert (await shop.get(ACCOUNTS)).json()["totalCount"] == 1


async def test_all_wrong_attributes_are_named_at_once(shop: Shop) -> None:
    await define(shop, body("color"), body("size", dataType="Number"))

    answer = await shop.post(ACCOUNTS, {"attributes": [value("color", 1), value("size", "x")]})

    named = {data["value"] for item in answer.json()["items"] for data in item["additionalErrorData"]}
    assert named == {"tenant~color", "tenant~size"}


async def test_put_with_attributes_replaces_them_and_without_keeps_them(shop: Shop) -> None:
    await define(shop, *(body(code) for code in ("kept", "changed", "dropped", "added")))
    before = await shop.account(attributes=[value(code, "old") for code in ("kept", "changed", "dropped")])
    url = f"{ACCOUNTS}/{before['id']}"
    tags = {one: (await shop.get(f"{url}/attributes/tenant~{one}")).headers["etag"] for one in ("kept", "changed")}

    without = await shop.put(url, {"lastName": "Doe"})
    assert attributes_of(without.json()) == attributes_of(before)
    given = [value("KEPT", "old"), value("changed", "new"), value("added", "new")]
    after = await shop.put(url, {"lastName": "Doe", "attributes": given})

    expected = {"tenant~kept": ["old"], "tenant~changed": ["new"], "tenant~added": ["new"]}
    assert attributes_of(after.json()) == expected
    assert after.json() == (await shop.get(url)).json()
    for one, tag in tags.items():
        same = (await shop.get(f"{url}/attributes/tenant~{one}")).headers["etag"] == tag
        assert same is (one == "kept")
    log = (await shop.get(f"{url}/AuditLog/Entries", params={"filter": "fieldPath cont attributes"})).json()
    assert sorted((entry["fieldPath"][21:], entry["oldValue"], entry["newValue"]) for entry in log["items"][:3]) == [
        ("tenant~added", None, '["new"]'),
        ("tenant~changed", '["old"]', '["new"]'),
        ("tenant~dropped", '["old"]', None),
    ]
    assert attributes_of((await shop.put(url, {"attributes": []})).json()) == {}


async def test_what_was_read_can_be_written_back(shop: Shop) -> None:
    await define(shop, body("color"), body("size", dataType="Number"))
    account = await shop.account(attributes=[value("color", "red"), value("size", 1.5)])
    url = f"{ACCOUNTS}/{account['id']}"
    # A rule that came later does not stand in the way of values that stay.
    await shop.put(f"{DEFINITIONS}/tenant~color", body("color", validation={"minStringLength": 9}))

    again = await shop.put(url, account)

    assert again.status_code == 200
    assert again.json()["attributes"] == account["attributes"]


async def test_attributes_are_read_when_they_are_wanted(shop: Shop, statements: Watch) -> None:
    await define(shop, body("color"))
    account = await shop.account(attributes=[value("color", "red")])
    seen: list[str] = []
    statements.listeners.append(seen.append)

    await shop.get(f"{ACCOUNTS}/{account['id']}", params={"responseFields": "id"})
    statements.listeners.remove(seen.append)

    assert not [sql for sql in seen if "attribute" in sql]


@pytest.fixture
async def people(shop: Shop) -> list[dict[str, Any]]:
    """Accounts that differ by their attributes; the last has none."""
    await define(
        shop,
        body("color"),
        body("size", dataType="Number"),
        body("vip", dataType="Bool", inputType="YesNo"),
        body("birthday", dataType="DateTime", inputType="Date"),
        list_body("hobby", "Tea", "Chess", isMultiValued=True),
    )
    rows = [
        {"color": "Red", "size": 38.5, "vip": True, "birthday": "1980-02-29", "hobby": ["Tea", "Chess"]},
        {"color": "dark-red", "size": 100, "vip": False, "birthday": "1990-01-01T01:00:00+02:00", "hobby": ["Tea"]},
        {"color": "It's 100%", "size": -2},
        {"hobby": []},
        {},
    ]
    made = []
    for row in rows:
        given = [value(name, *(one if isinstance(one, list) else [one])) for name, one in row.items()]
        made.append(await shop.account(attributes=given))
    return made


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("tenant~color eq red", [0]),
        ("TENANT~Color eq 'RED'", [0]),
        ("tenant~color eq 'it''s 100%'", [2]),
        ("tenant~color cont red", [0, 1]),
        ("tenant~color cont '%'", [2]),
        ("tenant~color sw dark", [1]),
        ("tenant~color in [red, dark-red, blue]", [0, 1]),
        ("tenant~color ne red", [1, 2, 3, 4]),
        ("tenant~color eq null", [3, 4]),
        ("tenant~color ne null", [0, 1, 2]),
        ("tenant~size eq 38.50", [0]),
        ("tenant~size gt 38", [0, 1]),
        ("tenant~size le 38.5", [0, 2]),
        ("tenant~size in [100, -2]", [1, 2]),
        ("tenant~size ne 100", [0, 2, 3, 4]),
        ("tenant~vip eq true", [0]),
        ("tenant~vip eq false", [1]),
        ("tenant~vip ne true", [1, 2, 3, 4]),
        ("tenant~birthday lt 1990-01-01", [0, 1]),
        ("tenant~birthday ge 1989-12-31T23:00:00Z", [1]),
        ("tenant~birthday eq 1980-02-29T00:00:00Z", [0]),
        ("tenant~hobby eq tea", [0, 1]),
        ("tenant~hobby eq chess and attributes.tenant~hobby eq tea", [0]),
        ("tenant~hobby ne tea", [0, 2, 3, 4]),
        ("tenant~hobby eq null", [2, 3, 4]),
        ("tenant~hobby eq chess or attributes.tenant~size lt 0", [0, 2]),
        ("tenant~color eq red and attributes.tenant~vip eq false", []),
    ],
)
async def test_accounts_are_found_by_attributes(
    shop: Shop, people: list[dict[str, Any]], condition: str, found: list[int]
) -> None:
    answer = await shop.get(ACCOUNTS, params={"filter": f"attributes.{condition}"})

    assert answer.status_code == 200, answer.text
    assert [one["id"] for one in answer.json()["items"]] == [people[n]["id"] for n in found]
    assert answer.json()["totalCount"] == len(found)


@pytest.mark.parametrize(
    "condition",
    [
        "tenant~unknown eq red",
        "color eq red",
        "tenant~size eq large",
        "tenant~size sw 3",
        "tenant~vip gt false",
        "tenant~vip eq yes",
        "tenant~birthday eq May",
        "tenant~color like red",
        "tenant~color.values eq red",
        "tenant~color gt null",
    ],
)
async def test_a_question_about_attributes_that_cannot_be_is_refused(
    shop: Shop, people: list[dict[str, Any]], condition: str
) -> None:
    answer = await shop.get(ACCOUNTS, params={"filter": f"attributes.{condition}"})

    assert fault(answer) == (400, INVALID, "filter")


async def test_accounts_cannot_be_sorted_by_attributes(shop: Shop, people: list[dict[str, Any]]) -> None:
    answer = await shop.get(ACCOUNTS, params={"sortBy": "attributes.tenant~color"})

    assert fault(answer) == (400, INVALID, "sortBy")


async def test_a_name_that_both_families_have_finds_accounts_of_both(shop: Shop) -> None:
    await define(shop, body("size", dataType="Number"), body("vip", dataType="Bool", inputType="YesNo"))
    await define(shop, body("size"), body("vip", dataType="Bool", inputType="YesNo"), path=B2B_DEFINITIONS)
    person = await shop.account(attributes=[value("size", 40), value("vip", True)])
    company = await shop.account(
        accountType="B2B", companyOrOrganization="Tea", attributes=[value("size", "40"), value("vip", True)]
    )

    for condition in ("attributes.tenant~size eq 40", "attributes.tenant~vip eq true"):
        page = await shop.get(ACCOUNTS, params={"filter": condition})
        assert [one["id"] for one in page.json()["items"]] == [person["id"], company["id"]]


async def test_values_of_another_tenant_are_never_found(shop: Shop, other_shop: Shop) -> None:
    await define(shop, body("color"))
    await define(other_shop, body("color"))
    await other_shop.account(attributes=[value("color", "red")])
    await shop.account(attributes=[value("color", "blue")])

    page = await shop.get(ACCOUNTS, params={"filter": "attributes.tenant~color eq red"})

    assert page.json()["items"] == []


async def test_a_word_is_not_removed_while_an_account_takes_it(shop: Shop) -> None:
    """Whoever comes first wins; never is an account left with a word that the vocabulary lost."""
    for n in range(5):
        await define(shop, list_body(f"color{n}", "red", "green"))
        removal = shop.put(f"{DEFINITIONS}/tenant~color{n}", list_body(f"color{n}", "green"))
        taking = shop.post(ACCOUNTS, {"attributes": [value(f"color{n}", "red")]})

        removed, taken = await asyncio.gather(removal, taking)

        assert sorted((removed.status_code, taken.status_code)) in ([200, 400], [201, 409])
