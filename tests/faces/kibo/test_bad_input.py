"""Bad ids, bodies and parameters: each gets the dialect's own clear error that names the field, never a 5xx."""

import json
from typing import Any

import httpx
import pytest
import pytest_asyncio

from kibo_bodies import BodyField, encoded, fields, texts
from kibo_nobody import nobody
from kibo_requests import EVERY, Form, request, stock, thing
from patron.kernel.db import Database
from patron.kibo.operations import OPERATIONS
from patron.web.operations import Operation
from shops import ACCOUNTS, Shop, fault, open_shop

INVALID = "MISSING_OR_INVALID_PARAMETER"
NUMBERED = ("accountId", "contactId", "noteId", "tenantId", "paymentId")
MALFORMED = [
    *("0", "-1", "+5", "1_000", "1.0", "1e3", "0x10", "abc", "null", "true", "9" * 19, "9" * 20, "9" * 3_000),
    *("%D9%A3", "%EF%BC%91", "%20", "%201", "1%20", "1%0A", "%00", "1%00", "%FF", "%ED%A0%80", "1%2F2", "~", "%7E"),
]  # fmt: skip

WITH_IDS = [
    (operation, form, name)
    for operation, form in EVERY
    for name in NUMBERED
    if f"{{{name}}}" in operation.path and operation.authenticated
]
FIELDS, TEXTS = fields(), texts()


@pytest_asyncio.fixture(scope="module")
async def world(http: httpx.AsyncClient, database: Database) -> tuple[Shop, dict[str, Any]]:
    """A shop with one of everything."""
    shop = await open_shop(http, database)
    return shop, await stock(shop)


def sane(answer: httpx.Response) -> httpx.Response:
    """The answer, which is a good one or a fault of the caller in the dialect's body."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        fault(answer)
    return answer


async def send(world: tuple[Shop, dict[str, Any]], field: BodyField, value: Any) -> httpx.Response:
    """The field's operation with this value in it, on a thing that exists."""
    shop, things = world
    if field.operation.id == "addLoginToExistingCustomer":
        things = things | {"account": things["guest"]}
    asked = request(field.operation, field.put(value), things)
    content = encoded(asked.pop("json"))
    return sane(await shop.call(**asked, content=content))


@pytest.mark.parametrize(("operation", "form", "name"), WITH_IDS)
async def test_a_malformed_id_is_not_found(
    world: tuple[Shop, dict[str, Any]], operation: Operation, form: Form, name: str
) -> None:
    shop, things = world
    for text in MALFORMED:
        asked = request(operation, form, things | {thing(operation.group, name): text})
        answer = await shop.call(**asked)
        assert fault(answer) == (404, "ITEM_NOT_FOUND", None), text


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.operation.id}-{field.name}")
async def test_a_value_of_another_type_is_refused_by_name(world: tuple[Shop, dict[str, Any]], field: BodyField) -> None:
    for value in field.wrong:
        answer = await send(world, field, value)
        assert fault(answer) == (400, INVALID, field.name), value


@pytest.mark.parametrize("field", TEXTS, ids=lambda field: f"{field.operation.id}-{field.name}")
async def test_overlong_text_is_refused_or_left_out(world: tuple[Shop, dict[str, Any]], field: BodyField) -> None:
    answer = await send(world, field, "x" * 20_000)
    assert "x" * 5_000 not in answer.text
    if answer.status_code == 400:
        assert fault(answer)[1] == INVALID
        assert fault(answer)[2]


@pytest.mark.parametrize("field", TEXTS, ids=lambda field: f"{field.operation.id}-{field.name}")
async def test_text_that_cannot_be_stored_is_refused_by_name(
    world: tuple[Shop, dict[str, Any]], field: BodyField
) -> None:
    shop, things = world
    assert fault(await send(world, field, "a\0b")) == (400, INVALID, field.name)
    asked = request(field.operation, field.put("a@@b"), things)
    content = encoded(asked.pop("json")).replace(b"a@@b", b"a\\ud800b")
    assert fault(await shop.call(**asked, content=content))[:2] == (400, INVALID)


PARAMETERS = [
    (operation, form, param)
    for operation, form in {operation.key: (operation, form) for operation, form in EVERY}.values()
    for param in operation.query
]


@pytest.mark.parametrize(
    ("operation", "form", "param"),
    PARAMETERS,
    ids=[f"{operation.id}-{param.name}" for operation, _, param in PARAMETERS],
)
async def test_a_parameter_that_cannot_be_read_is_refused_by_name(
    world: tuple[Shop, dict[str, Any]], operation: Operation, form: Form, param: Any
) -> None:
    shop, things = world
    bad = {
        "number": ["x", "1.5", "1e3", "+1", "1_0", "\u0663", "9" * 20, " 1", "\0"],
        "boolean": ["yes", "1", "tru", "\0"],
        "string": ["a\0b", "x" * 64_001, "\ufffd"],
    }
    for text in bad[param.kind]:
        asked = request(operation, Form({**form.query, param.name: "@@"}, form.body), things)
        asked["params"] = {**asked["params"], param.name: text}
        answer = sane(await shop.call(**asked))
        assert fault(answer) == (400, INVALID, param.name), text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no body"),
        (b"   \n", "no body"),
        (b"{", "JSON"),
        (b"{'a':1}", "JSON"),
        (b'{"a":1,}', "JSON"),
        (b'{"a":NaN}', "JSON"),
        (b'{"a":Infinity}', "JSON"),
        (b'{"a":01}', "JSON"),
        (b'{"a":1} x', "JSON"),
        (b'{"a":"\\ud800"}', "JSON"),
        (b'{"a":"\xff"}', "JSON"),
        (b"\xef\xbb\xbf{}", "JSON"),
        (b"\xff\xfe{\x00}\x00", "JSON"),
        (b"[" * 400_000, "JSON"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "JSON"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested"),
        (b'{"a":' + b"1" * 100_000 + b"}", "JSON"),
        (b'{"a":1e99999999999999999999}', "JSON"),
        (b'"text"', "object"),
        (b"[]", "object"),
        (b"7", "object"),
        (b"null", "object"),
    ],
    ids=lambda value: repr(value[:24]),
)
async def test_a_body_that_is_no_account_is_refused(shop: Shop, content: bytes, words: str) -> None:
    answer = await shop.call("POST", ACCOUNTS, content=content)

    assert fault(answer) == (400, INVALID, "body")
    assert words in answer.json()["message"]


@pytest.mark.parametrize("number", ["1e400", "1e-400", "1234567890" * 4, "1e999999", "-1e31"])
async def test_a_number_out_of_range_is_refused_by_name(shop: Shop, number: str) -> None:
    account = await shop.account()
    amount = f'{{"transactionType":"Order","currencyCode":"USD","amount":{number}}}'

    answer = await shop.call("POST", f"{ACCOUNTS}/{account['id']}/transactions", content=amount.encode())

    assert fault(answer) == (400, INVALID, "amount")


async def test_of_a_name_that_comes_twice_the_last_value_counts(shop: Shop) -> None:
    content = b'{"firstName":"a","firstname":"b","FIRSTNAME":null,"emailAddress":"jo@example.com"}'

    answer = await shop.call("POST", ACCOUNTS, content=content)

    assert answer.json()["firstName"] == "b"


async def test_names_are_read_in_any_case_and_unknown_ones_ignored(shop: Shop) -> None:
    answer = await shop.post(
        ACCOUNTS,
        {
            "FirstName": "Jo",
            "EMAILADDRESS": "jo@example.com",
            "shoeSize": {"eu": 42},
            "Contacts": [{"LASTNAMEORSURNAME": "Doe"}],
        },
    )

    assert answer.status_code == 201
    assert answer.json()["firstName"] == "Jo"
    assert answer.json()["contacts"][0]["lastNameOrSurname"] == "Doe"


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"emailAddress": "no address"}, "EmailAddress"),
        ({"emailAddress": "x" * 250 + "@example.com"}, "EmailAddress"),
        ({"firstName": "x" * 201}, "firstName"),
        ({"lastName": "x" * 201}, "lastName"),
        ({"companyOrOrganization": "x" * 201}, "companyOrOrganization"),
        ({"externalId": "x" * 201}, "externalId"),
        ({"taxId": "x" * 101}, "taxId"),
        ({"localeCode": "x" * 17}, "localeCode"),
        ({"accountType": "C3PO"}, "accountType"),
        ({"accountType": "B2B"}, "companyOrOrganization"),
        ({"customerSet": "another"}, "customerSet"),
        ({"userId": "short"}, "userId"),
        ({"contacts": [{"email": "x" * 255}]}, "email"),
        ({"contacts": [{"lastNameOrSurname": "x" * 201}]}, "lastNameOrSurname"),
        ({"contacts": [{"middleNameOrInitial": "x" * 101}]}, "middleNameOrInitial"),
        ({"contacts": [{"companyOrOrganization": "x" * 201}]}, "companyOrOrganization"),
        ({"contacts": [{"faxNumber": "x" * 51}]}, "faxNumber"),
        ({"contacts": [{"phoneNumbers": {"home": "x" * 51}}]}, "phoneNumbers.home"),
        ({"contacts": [{"phoneNumbers": {"mobile": "x" * 51}}]}, "phoneNumbers.mobile"),
        ({"contacts": [{"address": {"address1": "x" * 201}}]}, "address1"),
        ({"contacts": [{"address": {"cityOrTown": "x" * 101}}]}, "cityOrTown"),
        ({"contacts": [{"address": {"postalOrZipCode": "x" * 101}}]}, "postalOrZipCode"),
        ({"contacts": [{"address": {"countryCode": "XX"}}]}, "countryCode"),
        ({"contacts": [{"address": {"addressType": "Castle"}}]}, "addressType"),
        ({"contacts": [{"address": {"address2": "4111 1111 1111 1111"}}]}, "address2"),
        ({"contacts": [{"types": [{"name": "Sailing"}]}]}, "types"),
        ({"contacts": [{}] * 201}, "contacts"),
        ({"notes": [{"content": " "}]}, "content"),
        ({"notes": [{"content": "x" * 4_001}]}, "content"),
        ({"notes": [{"content": "Card 4111-1111-1111-1111 12/27"}]}, "content"),
        ({"notes": [{"content": "x"}] * 201}, "notes"),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
async def test_a_field_that_breaks_a_rule_is_named_and_nothing_is_written(
    shop: Shop, body: dict[str, Any], parameter: str
) -> None:
    answer = await shop.post(ACCOUNTS, body)

    assert fault(answer) == (400, INVALID, parameter)
    assert answer.json()["message"].startswith(f"Missing or invalid parameter: {parameter} ")
    assert (await shop.get(ACCOUNTS)).json()["totalCount"] == 0


async def test_the_largest_values_are_taken(shop: Shop) -> None:
    body = {
        "firstName": "x" * 200,
        "lastName": "é" * 200,
        "companyOrOrganization": "字" * 200,
        "externalId": "😀" * 200,
        "emailAddress": f"{'a' * 64}@{'b' * 63}.{'c' * 63}.example.com",
        "notes": [{"content": "x" * 4_000}],
        "contacts": [{"email": "x" * 254, "address": {"address1": "\u3316" * 200}}],
    }

    answer = await shop.post(ACCOUNTS, body)

    assert answer.status_code == 201, answer.text
    assert (await shop.get(f"{ACCOUNTS}/{answer.json()['id']}")).json() == answer.json()


async def test_text_whose_keys_grow_is_taken_or_refused(shop: Shop) -> None:
    """Some characters become eighteen when they are made plain; keys of any length must still fit their index."""
    wild = "".join(chr(0x3300 + (n * 37) % 0x58) + chr(0xFDF0 + n % 13) for n in range(100))
    for name in ("firstName", "lastName", "companyOrOrganization", "externalId", "emailAddress", "userName", "taxId"):
        sane(await shop.post(ACCOUNTS, {name: wild}))
        sane(await shop.get(ACCOUNTS, params={"filter": f"{name} eq '{wild}'"}))


async def test_several_faults_are_told_at_once(shop: Shop) -> None:
    answer = await shop.post(ACCOUNTS, {"emailAddress": "no", "firstName": "x" * 300, "accountType": "none"})

    assert fault(answer)[0] == 400
    names = [item["additionalErrorData"][0]["value"] for item in answer.json()["items"]]
    assert sorted(names) == ["EmailAddress", "accountType", "firstName"]


async def test_many_contacts_at_once_are_limited_and_their_account_must_exist(shop: Shop) -> None:
    account = await shop.account()

    answer = await shop.put(f"{ACCOUNTS}/{account['id']}/contacts", [{}] * 201)

    assert fault(answer) == (400, INVALID, "contacts")
    assert (await shop.get(f"{ACCOUNTS}/{account['id']}/contacts")).json()["totalCount"] == 0
    assert fault(await shop.put(f"{ACCOUNTS}/999999999/contacts", []))[0] == 404


async def test_every_list_refuses_a_page_that_cannot_be(world: tuple[Shop, dict[str, Any]]) -> None:
    shop, things = world
    lists = [o for o in OPERATIONS if any(param.name == "startIndex" for param in o.query)]
    assert len(lists) >= 5
    for operation in lists:
        for name, text in (
            *(
                ("startIndex", "-1"),
                ("startIndex", "x"),
                ("startIndex", str(2**31)),
                ("pageSize", "-1"),
                ("pageSize", str(2**31)),
            ),
            *(("pageSize", "1.5"), ("sortBy", "nothing"), ("sortBy", "id up"), ("sortBy", "id,"), ("cursor", "x")),
            *(
                ("cursor", "e30"),
                ("cursor", "é"),
                ("filter", "nothing eq 1"),
                ("filter", "id like 1"),
                ("filter", "id eq"),
            ),
            *(("filter", "((("), ("responseFields", "items("), ("responseFields", "items)")),
        ):
            if any(param.name == name for param in operation.query):
                answer = await shop.call(**request(operation, Form({name: text}), things))
                assert fault(answer) == (400, INVALID, name), (operation.key, name, text)


async def test_a_list_of_an_unknown_account_is_not_found(world: tuple[Shop, dict[str, Any]]) -> None:
    shop, things = world
    for operation, form in EVERY:
        if operation.method == "GET" and "{accountId}" in operation.path:
            answer = await shop.call(**request(operation, form, things | {"account": nobody()["account"]}))
            assert fault(answer) == (404, "ITEM_NOT_FOUND", None), operation.key
