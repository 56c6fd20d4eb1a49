"""Cards of an account: what may be shown of them, and never a number."""

import asyncio

import httpx
import pytest

from patron.kernel.db import Database
from shops import ACCOUNTS, Shop, fault, open_shop

CARD = {
    "id": "tok_1",
    "cardNumberPart": "************1111",
    "cardType": "VISA",
    "expireMonth": 4,
    "expireYear": 2031,
    "nameOnCard": "Jo Doe",
}
INVALID = (400, "MISSING_OR_INVALID_PARAMETER")


async def cards_of(shop: Shop, **account: object) -> str:
    """The cards of a new account."""
    return f"{ACCOUNTS}/{(await shop.account(**account))['id']}/cards"


async def test_a_card_is_kept_as_it_may_be_shown(shop: Shop) -> None:
    cards = await cards_of(shop)

    created = await shop.post(cards, CARD)

    assert created.status_code == 201
    assert created.json() == CARD | {"contactId": 0, "isDefaultPayMethod": False}
    read = await shop.get(f"{cards}/tok_1")
    assert read.status_code == 200
    assert read.json() == created.json()
    assert read.headers["etag"] == created.headers["etag"]


async def test_cards_are_listed_without_pages(shop: Shop) -> None:
    cards = await cards_of(shop)
    assert (await shop.get(cards)).json() == {"items": [], "totalCount": 0}

    for n in range(3):
        await shop.post(cards, CARD | {"id": f"tok_{n}"})

    listed = (await shop.get(cards)).json()
    assert [card["id"] for card in listed["items"]] == ["tok_0", "tok_1", "tok_2"]
    assert set(listed) == {"items", "totalCount"}
    assert listed["totalCount"] == 3
    chosen = await shop.get(cards, params={"responseFields": "items(id),totalCount"})
    assert chosen.json() == {"items": [{"id": f"tok_{n}"} for n in range(3)], "totalCount": 3}


async def test_put_replaces_a_card_under_the_id_of_the_path(shop: Shop) -> None:
    cards = await cards_of(shop)
    await shop.post(cards, CARD)

    changed = await shop.put(f"{cards}/tok_1", {"id": "tok_2", "cardNumberPart": "1111", "expireYear": 2032})

    assert changed.status_code == 200
    assert changed.json() == {
        "id": "tok_1",
        "cardNumberPart": "1111",
        "cardType": None,
        "contactId": 0,
        "expireMonth": None,
        "expireYear": 2032,
        "isDefaultPayMethod": False,
        "nameOnCard": None,
    }
    assert (await shop.get(cards)).json()["items"] == [changed.json()]


async def test_a_forgotten_card_is_not_found(shop: Shop) -> None:
    cards = await cards_of(shop)
    await shop.post(cards, CARD)

    assert (await shop.delete(f"{cards}/tok_1")).status_code == 204

    for answer in (
        await shop.get(f"{cards}/tok_1"),
        await shop.put(f"{cards}/tok_1", CARD),
        await shop.delete(f"{cards}/tok_1"),
    ):
        assert fault(answer) == (404, "ITEM_NOT_FOUND", None)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("cardNumberPart", "4111111111111111"),
        ("cardNumberPart", "4111 1111 1111 1111"),
        ("cardNumberPart", "411111******1111"),
        ("cardNumberPart", "12345"),
        ("cardNumberPart", "*1*2*3*4*5"),
        ("cardNumberPart", "１２３４５"),
        ("cardNumberPart", "*" * 31),
        ("nameOnCard", "Jo 4111-1111-1111-1111 Doe"),
        ("nameOnCard", "４１１１１１１１１１１１１１１１"),
        ("nameOnCard", "x" * 201),
        ("cardType", "378282246310005"),
        ("cardType", "x" * 51),
    ],
)
async def test_no_field_takes_a_number_or_too_much(shop: Shop, field: str, text: str) -> None:
    cards = await cards_of(shop)
    await shop.post(cards, CARD)

    refused = await shop.post(cards, CARD | {"id": "tok_2", field: text})
    unchanged = await shop.put(f"{cards}/tok_1", CARD | {field: text})

    assert fault(refused) == (*INVALID, field)
    assert fault(unchanged) == (*INVALID, field)
    assert text not in refused.text
    assert (await shop.get(cards)).json()["items"] == [CARD | {"contactId": 0, "isDefaultPayMethod": False}]


@pytest.mark.parametrize("masked", ["1111", "XXXX-XXXX-XXXX-1111", "************1111", "", None])
async def test_up_to_four_digits_may_be_shown(shop: Shop, masked: str | None) -> None:
    created = await shop.post(await cards_of(shop), CARD | {"cardNumberPart": masked})

    assert created.status_code == 201
    assert created.json()["cardNumberPart"] == (masked or None)


@pytest.mark.parametrize("card_id", [None, "", "   ", "x" * 201])
async def test_a_card_needs_the_id_of_the_payment_service(shop: Shop, card_id: str | None) -> None:
    cards = await cards_of(shop)

    assert fault(await shop.post(cards, CARD | {"id": card_id})) == (*INVALID, "id")
    assert (await shop.get(cards)).json()["totalCount"] == 0


@pytest.mark.parametrize("card_id", ["4111111111111111", "a/b c", "été", "%2F"])
async def test_an_id_is_opaque(shop: Shop, card_id: str) -> None:
    cards = await cards_of(shop)
    assert (await shop.post(cards, CARD | {"id": card_id})).status_code == 201

    read = await shop.get(f"{cards}/{httpx.QueryParams({'x': card_id})!s}".replace("x=", "").replace("+", "%20"))

    assert read.status_code == 200
    assert read.json()["id"] == card_id


async def test_an_id_is_taken_once_an_account(shop: Shop) -> None:
    cards, others = await cards_of(shop), await cards_of(shop)
    await shop.post(cards, CARD)

    twice = await shop.post(cards, CARD | {"nameOnCard": "Someone else"})

    assert fault(twice) == (409, "ITEM_ALREADY_EXISTS", None)
    assert (await shop.get(f"{cards}/tok_1")).json()["nameOnCard"] == "Jo Doe"
    assert (await shop.post(others, CARD)).status_code == 201


async def test_one_card_is_the_default(shop: Shop) -> None:
    cards = await cards_of(shop)
    first = await shop.post(cards, CARD | {"isDefaultPayMethod": True})
    await shop.post(cards, CARD | {"id": "tok_2", "isDefaultPayMethod": True})
    third = CARD | {"id": "tok_3"}
    await shop.post(cards, third)

    assert await _defaults(shop, cards) == ["tok_2"]
    await shop.put(f"{cards}/tok_3", third | {"isDefaultPayMethod": True})
    assert await _defaults(shop, cards) == ["tok_3"]
    await shop.put(f"{cards}/tok_3", third)
    assert await _defaults(shop, cards) == []
    assert (await shop.get(f"{cards}/tok_1")).headers["etag"] != first.headers["etag"]


async def test_one_of_many_parallel_cards_is_the_default(shop: Shop) -> None:
    cards = await cards_of(shop)

    answers = await asyncio.gather(
        *(shop.post(cards, CARD | {"id": f"tok_{n}", "isDefaultPayMethod": True}) for n in range(10))
    )

    assert [answer.status_code for answer in answers] == [201] * 10
    assert len(await _defaults(shop, cards)) == 1


async def _defaults(shop: Shop, cards: str) -> list[str]:
    listed = (await shop.get(cards)).json()["items"]
    return [card["id"] for card in listed if card["isDefaultPayMethod"]]


async def test_the_contact_is_one_of_the_account(shop: Shop, other_shop: Shop) -> None:
    account, stranger = await shop.account(), await shop.account()
    own = (await shop.contact(account["id"]))["id"]
    elsewhere = (await shop.contact(stranger["id"]))["id"]
    foreign = (await other_shop.contact((await other_shop.account())["id"]))["id"]
    cards = f"{ACCOUNTS}/{account['id']}/cards"

    created = await shop.post(cards, CARD | {"contactId": own})
    assert created.json()["contactId"] == own
    for contact_id in (elsewhere, foreign, 999_999_999, -1, 2**62):
        refused = await shop.post(cards, CARD | {"id": "tok_2", "contactId": contact_id})
        assert fault(refused) == (*INVALID, "contactId"), contact_id
        refused = await shop.put(f"{cards}/tok_1", CARD | {"contactId": contact_id})
        assert fault(refused) == (*INVALID, "contactId"), contact_id
    assert (await shop.get(cards)).json()["items"] == [created.json()]


async def test_a_card_goes_with_its_contact(shop: Shop) -> None:
    account = await shop.account()
    contact = await shop.contact(account["id"])
    cards = f"{ACCOUNTS}/{account['id']}/cards"
    await shop.post(cards, CARD | {"contactId": contact["id"]})
    await shop.post(cards, CARD | {"id": "tok_2"})

    contacts = f"{ACCOUNTS}/{account['id']}/contacts"
    refused = await shop.delete(f"{contacts}/{contact['id']}", headers={"If-Match": '"99"'})
    assert fault(refused) == (412, "PRECONDITION_FAILED", None)
    assert (await shop.get(cards)).json()["totalCount"] == 2
    assert (await shop.delete(f"{contacts}/{contact['id']}")).status_code == 204

    assert [card["id"] for card in (await shop.get(cards)).json()["items"]] == ["tok_2"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("expireMonth", 0),
        ("expireMonth", 13),
        ("expireMonth", "four"),
        ("expireYear", 31),
        ("expireYear", 1999),
        ("expireYear", 20310),
        ("expireYear", 2031.5),
        ("contactId", "x"),
        ("contactId", 10**30),
        ("isDefaultPayMethod", "yes"),
        ("nameOnCard", 7),
        ("id", {}),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(shop: Shop, field: str, value: object) -> None:
    assert fault(await shop.post(await cards_of(shop), CARD | {field: value})) == (*INVALID, field)


async def test_every_fault_is_told(shop: Shop) -> None:
    body = {"id": "tok_1", "cardNumberPart": "4111111111111111", "expireMonth": 99, "expireYear": 1}

    answer = await shop.post(await cards_of(shop), body)

    named = [data["value"] for item in answer.json()["items"] for data in item["additionalErrorData"]]
    assert fault(answer) == (*INVALID, "cardNumberPart")
    assert named == ["cardNumberPart", "expireMonth", "expireYear"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id":"a\\u0000b"}', b'{"id":"\\ud800"}', b"\xff"])
async def test_a_body_that_cannot_be_read_is_refused(shop: Shop, body: bytes) -> None:
    answer = await shop.call("POST", await cards_of(shop), content=body, headers={"content-type": "application/json"})

    assert fault(answer)[:2] == INVALID
    assert (await shop.get(str(answer.request.url))).json()["totalCount"] == 0


async def test_an_account_has_at_most_a_hundred_cards(shop: Shop, database: Database) -> None:
    account = await shop.account()
    cards = f"{ACCOUNTS}/{account['id']}/cards"
    await database.session().execute(
        """
        insert into card (tenant_id, account_id, id, created_at, updated_at)
        select $1, $2, 'tok_' || n, now(), now() from generate_series(1, 100) n
        """,
        shop.tenant_id,
        account["id"],
    )

    assert fault(await shop.post(cards, CARD | {"id": "one more"})) == (409, "VALIDATION_CONFLICT", None)
    assert (await shop.get(cards)).json()["totalCount"] == 100
    assert (await shop.put(f"{cards}/tok_7", CARD)).status_code == 200


async def test_accounts_of_nobody_and_of_others_are_not_found(shop: Shop, other_shop: Shop) -> None:
    foreign = await cards_of(other_shop)
    await other_shop.post(foreign, CARD)

    for cards in (foreign, f"{ACCOUNTS}/999999999/cards", f"{ACCOUNTS}/abc/cards"):
        for answer in (
            await shop.get(cards),
            await shop.get(f"{cards}/tok_1"),
            await shop.post(cards, CARD),
            await shop.put(f"{cards}/tok_1", CARD),
            await shop.delete(f"{cards}/tok_1"),
        ):
            assert fault(answer) == (404, "ITEM_NOT_FOUND", None), cards
    assert (await other_shop.get(foreign)).json()["totalCount"] == 1


async def test_an_unknown_account_is_told_before_a_faulty_card(shop: Shop) -> None:
    assert fault(await shop.post(f"{ACCOUNTS}/999999999/cards", {"expireMonth": 99}))[0] == 404


@pytest.mark.parametrize("path", ["tok_2", "%00", "tok_1%00", "x" * 5_000, "%FF"])
async def test_unknown_ids_are_not_found(shop: Shop, path: str) -> None:
    cards = await cards_of(shop)
    await shop.post(cards, CARD)

    for method in ("GET", "DELETE"):
        answer = await shop.call(method, f"{cards}/{path}")
        assert fault(answer) == (404, "ITEM_NOT_FOUND", None)
        assert len(answer.text) < 1_000
    assert (await shop.get(cards)).json()["totalCount"] == 1


async def test_a_shopper_keeps_the_own_cards(shop: Shop) -> None:
    ticket = await shop.shopper()
    token, cards = ticket["accessToken"], f"{ACCOUNTS}/{ticket['customerAccount']['id']}/cards"

    assert (await shop.post(cards, CARD, shopper=token)).status_code == 201
    assert (await shop.get(cards, shopper=token)).json()["totalCount"] == 1
    assert (await shop.get(f"{cards}/tok_1", shopper=token)).status_code == 200
    assert (await shop.put(f"{cards}/tok_1", CARD, shopper=token)).status_code == 200
    assert (await shop.delete(f"{cards}/tok_1", shopper=token)).status_code == 204


async def test_a_shopper_reaches_no_other_cards(shop: Shop) -> None:
    token = (await shop.shopper())["accessToken"]
    anonymous = (await shop.get("/api/commerce/customer/authtickets/anonymousshopper")).json()["accessToken"]
    cards = await cards_of(shop)
    await shop.post(cards, CARD)

    for shopper in (token, anonymous):
        for answer in (
            await shop.get(cards, shopper=shopper),
            await shop.get(f"{cards}/tok_1", shopper=shopper),
            await shop.post(cards, CARD, shopper=shopper),
            await shop.put(f"{cards}/tok_1", CARD, shopper=shopper),
            await shop.delete(f"{cards}/tok_1", shopper=shopper),
        ):
            assert fault(answer) == (403, "FORBIDDEN", None)
    assert (await shop.get(f"{cards}/tok_1")).json()["nameOnCard"] == "Jo Doe"


async def test_the_application_needs_the_behaviors(http: httpx.AsyncClient, database: Database, shop: Shop) -> None:
    reader = await open_shop(http, database, ("customer:read",))
    cards = f"{ACCOUNTS}/1/cards"

    for answer in (
        await reader.post(cards, CARD),
        await reader.put(f"{cards}/tok_1", CARD),
        await reader.delete(f"{cards}/tok_1"),
    ):
        assert fault(answer) == (403, "FORBIDDEN", None)
    writer = await open_shop(http, database, ("customer:update",))
    assert fault(await writer.get(cards)) == (403, "FORBIDDEN", None)
    assert fault(await writer.get(f"{cards}/tok_1")) == (403, "FORBIDDEN", None)


async def test_a_stale_write_is_refused(shop: Shop) -> None:
    cards = await cards_of(shop)
    stale = {"If-Match": (await shop.post(cards, CARD)).headers["etag"]}
    fresh = {"If-Match": (await shop.put(f"{cards}/tok_1", CARD | {"expireYear": 2032})).headers["etag"]}

    refused = await shop.put(f"{cards}/tok_1", CARD, headers=stale)

    assert fault(refused) == (412, "PRECONDITION_FAILED", None)
    assert fault(await shop.delete(f"{cards}/tok_1", headers=stale)) == (412, "PRECONDITION_FAILED", None)
    assert (await shop.get(f"{cards}/tok_1")).json()["expireYear"] == 2032
    assert (await shop.get(f"{cards}/tok_1", headers={"If-None-Match": fresh["If-Match"]})).status_code == 304
    assert (await shop.delete(f"{cards}/tok_1", headers=fresh)).status_code == 204


async def test_an_id_that_comes_back_has_another_version(shop: Shop) -> None:
    cards = await cards_of(shop)
    old = (await shop.post(cards, CARD)).headers["etag"]
    await shop.delete(f"{cards}/tok_1")

    assert (await shop.post(cards, CARD)).headers["etag"] != old


async def test_a_card_changes_the_version_of_the_account(shop: Shop) -> None:
    account = await shop.account()
    path = f"{ACCOUNTS}/{account['id']}"
    tags = [(await shop.get(path)).headers["etag"]]

    await shop.post(f"{path}/cards", CARD)
    tags.append((await shop.get(path)).headers["etag"])
    await shop.put(f"{path}/cards/tok_1", CARD | {"expireYear": 2032})
    tags.append((await shop.get(path)).headers["etag"])
    await shop.delete(f"{path}/cards/tok_1")
    tags.append((await shop.get(path)).headers["etag"])

    assert len(set(tags)) == 4


async def test_a_repeated_post_saves_one_card(shop: Shop) -> None:
    cards = await cards_of(shop)
    key = {"Idempotency-Key": "card-1"}

    first = await shop.post(cards, CARD, headers=key)
    again = await shop.post(cards, CARD, headers=key)
    other = await shop.post(cards, CARD | {"id": "tok_2"}, headers=key)

    assert (again.status_code, again.json(), again.headers["etag"]) == (201, first.json(), first.headers["etag"])
    assert fault(other) == (422, "IDEMPOTENCY_KEY_REUSED", None)
    assert (await shop.get(cards)).json()["totalCount"] == 1
