"""Values of custom attributes on an account through the Kibo face (Kibo behaviour 9.2)."""

import asyncio
from typing import Any

import pytest

from attribute_samples import B2B_DEFINITIONS, DEFINITIONS, body, define, list_body
from patron.kernel.db import Database
from shops import ACCOUNTS, Shop, fault

INVALID = "MISSING_OR_INVALID_PARAMETER"
NOT_FOUND = (404, "ITEM_NOT_FOUND")


def value(name: str, *values: object) -> dict[str, Any]:
    """An attribute on the wire."""
    return {"fullyQualifiedName": f"tenant~{name}", "values": list(values)}


async def new(shop: Shop, *attributes: dict[str, Any], **fields: Any) -> str:
    """The path of the attributes of a new account."""
    account = await shop.account(attributes=list(attributes), **fields)
    return f"{ACCOUNTS}/{account['id']}/attributes"


async def values_of(shop: Shop, path: str) -> dict[str, list[object]]:
    """What an account has, by name."""
    items = (await shop.get(path)).json()["items"]
    return {item["fullyQualifiedName"]: item["values"] for item in items}


async def test_a_value_is_set_read_replaced_and_removed(shop: Shop) -> None:
    (made,) = await define(shop, body("My_Color"))
    path = await new(shop)

    added = await shop.post(path, {"fullyQualifiedName": "TENANT~my_color", "values": ["red"]})
    assert added.status_code == 201
    own = added.json()
    assert (own["attributeDefinitionId"], own["fullyQualifiedName"]) == (made["id"], "tenant~My_Color")
    assert own["values"] == ["red"]
    assert own["auditInfo"]["createBy"] == shop.client_id
    for name in ("tenant~My_Color", "TENANT~MY_COLOR", "tenant%7Emy_color"):
        assert (await shop.get(f"{path}/{name}")).json() == own

    put = await shop.put(f"{path}/tenant~my_color", {"fullyQualifiedName": "other~name", "values": ["green"]})
    assert (put.status_code, put.json()["values"]) == (200, ["green"])
    assert (await shop.get(path)).json()["items"] == [put.json()]

    gone = await shop.delete(f"{path}/tenant~My_color")
    assert (gone.status_code, gone.content) == (204, b"")
    assert fault(await shop.get(f"{path}/tenant~my_color"))[:2] == NOT_FOUND
    assert (await shop.get(path)).json()["totalCount"] == 0


@pytest.mark.parametrize(
    ("definition", "good", "shown", "bad"),
    [
        (body(), "text", "text", 7),
        (body(dataType="Number"), 12345678901234567.89, 12345678901234567.89, "7"),
        (body(dataType="Number"), 7.0, 7, True),
        (body(dataType="Bool", inputType="YesNo"), False, False, "false"),
        (body(dataType="DateTime", inputType="Date"), "2026-05-01", "2026-05-01T00:00:00.000Z", "May"),
        (
            body(dataType="DateTime", inputType="DateTime"),
            "2026-05-01T01:00:00.5+02:00",
            "2026-04-30T23:00:00.500Z",
            1777593600,
        ),
        (body(inputType="TextArea"), "two\nlines", "two\nlines", ["text"]),
        (list_body("color", "Red", "Green"), "RED", "Red", "blue"),
        (list_body("color", "38", "38.5", dataType="Number"), 38.5, 38.5, "38.5"),
        (body(validation={"minStringLength": 2, "maxStringLength": 3}), "abc", "abc", "abcd"),
        (body(validation={"regularExpression": "^[A-Z]{2}$"}), "AB", "AB", "ab"),
        (body(dataType="Number", validation={"minNumericValue": 1.5}), 1.5, 1.5, 1.4),
        (
            body(dataType="DateTime", inputType="Date", validation={"maxDateTime": "2026-05-01T00:00:00Z"}),
            "2026-05-01",
            "2026-05-01T00:00:00.000Z",
            "2026-05-02",
        ),
    ],
)
async def test_values_are_typed_and_checked(
    shop: Shop, definition: dict[str, Any], good: object, shown: object, bad: object
) -> None:
    await define(shop, definition)
    path = await new(shop)
    one = f"{path}/tenant~color"

    assert fault(await shop.post(path, value("color", bad))) == (400, INVALID, "tenant~color")
    assert (await shop.post(path, value("color", good))).json()["values"] == [shown]
    assert fault(await shop.put(one, value("color", bad))) == (400, INVALID, "tenant~color")
    assert fault(await shop.put(one, value("color", shown, shown))) == (400, INVALID, "tenant~color")
    assert (await shop.get(one)).json()["values"] == [shown]
    account = (await shop.get(path.removesuffix("/attributes"))).json()
    assert [item["values"] for item in account["attributes"]] == [[shown]]


async def test_numbers_are_kept_to_the_last_digit(shop: Shop) -> None:
    await define(shop, body("size", dataType="Number"))
    path = await new(shop)
    content = b'{"fullyQualifiedName":"tenant~size","values":[1234567890123456789.012345678]}'

    added = await shop.call("POST", path, content=content)
    account = await shop.get(path.removesuffix("/attributes"))

    for answer in (added, account, await shop.get(f"{path}/tenant~size"), await shop.get(ACCOUNTS)):
        assert b'"values":[1234567890123456789.012345678]' in answer.content


async def test_a_multi_valued_list_takes_several_values_each_once(shop: Shop) -> None:
    await define(shop, list_body("color", "Red", "Green", "Blue", isMultiValued=True))
    path = await new(shop)

    added = await shop.post(path, value("color", "green", "Red", None, "GREEN"))

    assert added.json()["values"] == ["Green", "Red"]
    assert fault(await shop.put(f"{path}/tenant~color", value("color", *["Red"] * 101)))[0] == 400
    assert (await shop.put(f"{path}/tenant~color", {"values": None})).json()["values"] == []


@pytest.mark.parametrize("text", ["4111 1111 1111 1111", "x" * 4001])
async def test_text_is_neither_a_card_number_nor_endless(shop: Shop, text: str) -> None:
    await define(shop, body("note"))

    assert fault(await shop.post(await new(shop), value("note", text))) == (400, INVALID, "tenant~note")


async def test_the_name_of_an_attribute_is_told_as_it_is(shop: Shop) -> None:
    await define(shop, body("my_favourite_color"))

    answer = await shop.post(await new(shop), value("MY_favourite_color", 1))

    assert fault(answer) == (400, INVALID, "tenant~my_favourite_color")
    assert answer.json()["message"] == "Missing or invalid parameter: tenant~my_favourite_color is text"


async def test_what_is_missing_or_there_already_is_refused(shop: Shop) -> None:
    await define(shop, body("color"), body("size"))
    path = await new(shop, value("color", "red"))

    assert fault(await shop.post(path, value("COLOR", "blue")))[:2] == (409, "ITEM_ALREADY_EXISTS")
    assert fault(await shop.post(path, {"values": ["red"]})) == (400, INVALID, "fullyQualifiedName")
    assert fault(await shop.post(path, {"fullyQualifiedName": 7, "values": []})) == (400, INVALID, "fullyQualifiedName")
    assert fault(await shop.post(path, {"fullyQualifiedName": "tenant~size", "values": "x"})) == (
        400,
        INVALID,
        "values",
    )
    for name in ("unknown", "", "a~b", "~"):
        assert fault(await shop.post(path, value(name, "x")))[:2] == NOT_FOUND
        assert fault(await shop.put(f"{path}/tenant~{name or '~'}", value("x")))[:2] == NOT_FOUND
    for answer in (
        await shop.get(f"{path}/tenant~size"),
        await shop.put(f"{path}/tenant~size", value("size", "x")),
        await shop.delete(f"{path}/tenant~size"),
        await shop.get(f"{path}/tenant~%00"),
        await shop.delete(f"{path}/tenant~unknown"),
    ):
        assert fault(answer)[:2] == NOT_FOUND
    assert await values_of(shop, path) == {"tenant~color": ["red"]}


async def test_attributes_of_an_unknown_account_are_not_found(shop: Shop) -> None:
    await define(shop, body("color"))

    for key in ("999999999", "0", "abc"):
        path = f"{ACCOUNTS}/{key}/attributes"
        for answer in (
            await shop.get(path),
            await shop.get(f"{path}/tenant~color"),
            await shop.post(path, value("color", "x")),
            await shop.put(f"{path}/tenant~color", value("color", "x")),
            await shop.delete(f"{path}/tenant~color"),
        ):
            assert fault(answer)[:2] == NOT_FOUND


async def test_the_user_must_be_one_of_the_account(shop: Shop) -> None:
    await define(shop, body("color"))
    account = (await shop.shopper())["customerAccount"]
    stranger = (await shop.shopper())["customerAccount"]["userId"]
    path = f"{ACCOUNTS}/{account['id']}/attributes"
    one = f"{path}/tenant~color"

    own = {"params": {"userId": account["userId"]}}
    assert (await shop.post(path, value("color", "x"), **own)).status_code == 201
    assert (await shop.get(path, **own)).json()["totalCount"] == 1
    for user_id in (stranger, "0" * 32, "nobody"):
        of = {"params": {"userId": user_id}}
        for answer in (
            await shop.get(path, **of),
            await shop.get(one, **of),
            await shop.post(path, value("color", "x"), **of),
            await shop.put(one, value("color", "y"), **of),
            await shop.delete(one, **of),
        ):
            assert fault(answer)[:2] == NOT_FOUND
    assert (await shop.put(one, value("color", "y"), **own)).status_code == 200
    assert (await shop.delete(one, **own)).status_code == 204


async def test_versions_never_repeat_and_stale_changes_are_refused(shop: Shop, database: Database) -> None:
    await define(shop, body("color"))
    path = await new(shop)
    one = f"{path}/tenant~color"
    tags = [(await shop.post(path, value("color", "a"))).headers["etag"]]
    tags.append((await shop.put(one, value("color", "b"))).headers["etag"])
    stale, fresh = ({"If-Match": tag} for tag in tags)

    assert fault(await shop.put(one, value("color", "c"), headers=stale))[:2] == (412, "PRECONDITION_FAILED")
    assert fault(await shop.delete(one, headers=stale))[:2] == (412, "PRECONDITION_FAILED")
    assert (await shop.get(one, headers={"If-None-Match": tags[1]})).status_code == 304
    assert (await shop.delete(one, headers=fresh)).status_code == 204
    tags.append((await shop.post(path, value("color", "a"))).headers["etag"])
    assert len(set(tags)) == 3


async def test_a_change_raises_the_version_of_the_account_and_is_recorded(shop: Shop, database: Database) -> None:
    await define(shop, body("color", dataType="Number"))
    path = await new(shop)
    account = path.removesuffix("/attributes")
    tags = {(await shop.get(account)).headers["etag"]}
    await shop.post(path, value("color", 1.5))
    tags.add((await shop.get(account)).headers["etag"])
    await shop.put(f"{path}/tenant~color", value("color", 2))
    tags.add((await shop.get(account)).headers["etag"])
    await shop.put(f"{path}/tenant~color", value("color", 2))
    await shop.delete(f"{path}/tenant~color")
    tags.add((await shop.get(account)).headers["etag"])

    assert len(tags) == 4
    log = (await shop.get(f"{account}/AuditLog/Entries", params={"filter": "fieldPath cont attribute"})).json()
    assert [(entry["fieldPath"], entry["oldValue"], entry["newValue"]) for entry in log["items"][::-1]] == [
        ("/Customer/Attributes/tenant~color", None, "[1.5]"),
        ("/Customer/Attributes/tenant~color", "[1.5]", "[2]"),
        ("/Customer/Attributes/tenant~color", "[2]", None),
    ]


async def test_of_many_that_set_the_same_attribute_one_wins(shop: Shop) -> None:
    await define(shop, body("color"))
    path = await new(shop)

    answers = await asyncio.gather(*(shop.post(path, value("color", str(n))) for n in range(8)))

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]


async def test_writers_of_different_attributes_do_not_lose_each_others(shop: Shop) -> None:
    await define(shop, *(body(f"code{n}") for n in range(10)))
    path = await new(shop)

    answers = await asyncio.gather(*(shop.post(path, value(f"code{n}", str(n))) for n in range(10)))

    assert {answer.status_code for answer in answers} == {201}
    assert await values_of(shop, path) == {f"tenant~code{n}": [str(n)] for n in range(10)}


async def test_a_repeated_post_gets_the_first_answer(shop: Shop) -> None:
    await define(shop, body("color"))
    path = await new(shop)
    first, second = [
        await shop.post(path, value("color", "red"), headers={"Idempotency-Key": "value-1"}) for _ in range(2)
    ]

    assert (second.status_code, second.content) == (201, first.content)


async def test_attributes_of_another_tenant_are_unknown(shop: Shop, other_shop: Shop) -> None:
    await define(shop, body("color"))
    await define(other_shop, body("size"))
    path = await new(shop, value("color", "red"))

    for answer in (
        await other_shop.get(path),
        await other_shop.get(f"{path}/tenant~color"),
        await other_shop.post(path, value("size", "x")),
        await other_shop.put(f"{path}/tenant~color", value("color", "x")),
        await other_shop.delete(f"{path}/tenant~color"),
    ):
        assert fault(answer)[:2] == NOT_FOUND
    own = await new(other_shop)
    assert fault(await other_shop.post(own, value("color", "x")))[:2] == NOT_FOUND
    assert await values_of(shop, path) == {"tenant~color": ["red"]}


async def test_the_attributes_of_an_account_are_those_of_its_type(shop: Shop) -> None:
    await define(shop, body("color"))
    await define(shop, body("industry"), path=B2B_DEFINITIONS)
    person = await new(shop)
    company = await new(shop, value("industry", "tea"), accountType="B2B", companyOrOrganization="Tea Ltd")

    assert fault(await shop.post(person, value("industry", "x")))[:2] == NOT_FOUND
    assert fault(await shop.post(company, value("color", "x")))[:2] == NOT_FOUND
    url = company.removesuffix("/attributes")
    assert fault(await shop.put(url, {"accountType": "B2C"}))[:2] == (409, "VALIDATION_CONFLICT")
    changed = await shop.put(url, {"accountType": "B2C", "attributes": [value("color", "red")]})
    assert changed.status_code == 200
    assert await values_of(shop, company) == {"tenant~color": ["red"]}


async def test_a_list_pages_sorts_and_filters(shop: Shop) -> None:
    await define(shop, *(body(f"code{n}", order=9 - n) for n in range(5)))
    path = await new(shop, *(value(f"code{n}", str(n)) for n in range(5)))

    async def found(**params: Any) -> list[str]:
        answer = await shop.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return [item["values"][0] for item in answer.json()["items"]]

    assert await found() == ["4", "3", "2", "1", "0"]
    assert await found(sortBy="fullyQualifiedName", pageSize=2, startIndex=1) == ["1", "2"]
    assert await found(filter="fullyQualifiedName eq 'TENANT~code3'") == ["3"]
    assert await found(sortBy="attributeDefinitionId desc", filter="fullyQualifiedName cont code") == list("43210")
    first = (await shop.get(path, params={"pageSize": 2})).json()
    assert (first["totalCount"], first["pageCount"]) == (5, 3)
    assert await found(pageSize=2, cursor=first["nextCursor"]) == ["2", "1"]
    thin = await shop.get(path, params={"responseFields": "items(values)", "pageSize": 1})
    assert thin.json() == {"items": [{"values": ["4"]}]}
    for params, parameter in (
        ({"filter": "shoeSize eq 43"}, "filter"),
        ({"sortBy": "values"}, "sortBy"),
        ({"pageSize": -1}, "pageSize"),
    ):
        assert fault(await shop.get(path, params=params)) == (400, INVALID, parameter)


async def test_an_inactive_definition_keeps_its_values(shop: Shop) -> None:
    await define(shop, body("color"))
    path = await new(shop, value("color", "red"))

    assert (await shop.put(f"{DEFINITIONS}/tenant~color", body("color", isActive=False))).status_code == 200

    assert await values_of(shop, path) == {"tenant~color": ["red"]}
    assert (await shop.put(f"{path}/tenant~color", value("color", "blue"))).status_code == 200
