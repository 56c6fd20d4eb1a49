"""Accounts through the Kibo face: create, read, change, remove."""

from shops import ACCOUNTS, Shop, fault


async def test_an_account_is_kept_with_its_contacts_and_notes(shop: Shop) -> None:
    created = await shop.post(
        ACCOUNTS,
        {
            "emailAddress": "Jo@Example.com",
            "firstName": "Jo",
            "lastName": "Doe",
            "acceptsMarketing": True,
            "contacts": [
                {
                    "firstName": "Jo",
                    "lastNameOrSurname": "Doe",
                    "address": {"address1": "1 Main St", "cityOrTown": "Austin", "countryCode": "us"},
                    "types": [{"name": "Billing", "isPrimary": True}],
                }
            ],
            "notes": [{"content": "Likes tea"}],
        },
    )

    assert created.status_code == 201
    read = await shop.get(f"{ACCOUNTS}/{created.json()['id']}")
    assert read.status_code == 200
    body = read.json()
    assert body["emailAddress"] == "Jo@Example.com"
    assert body["isAnonymous"] is True
    assert body["contacts"][0]["address"]["countryCode"] == "US"
    assert body["contacts"][0]["types"] == [{"name": "Billing", "isPrimary": True}]
    assert [note["content"] for note in body["notes"]] == ["Likes tea"]
    assert body == created.json()


async def test_put_replaces_what_it_leaves_out_and_keeps_contacts(shop: Shop) -> None:
    account = await shop.account(firstName="Jo", lastName="Doe", contacts=[{"firstName": "Kim"}])

    changed = await shop.put(f"{ACCOUNTS}/{account['id']}", {"lastName": "Poe"})

    assert changed.status_code == 200
    assert changed.json()["firstName"] is None
    assert changed.json()["emailAddress"] is None
    assert changed.json()["lastName"] == "Poe"
    assert len(changed.json()["contacts"]) == 1


async def test_an_unknown_account_is_not_found(shop: Shop) -> None:
    for key in ("999999999", "0", "-1", "1_000", "abc", "99999999999999999999", "%20"):
        assert fault(await shop.get(f"{ACCOUNTS}/{key}"))[:2] == (404, "ITEM_NOT_FOUND"), key


async def test_a_list_pages_by_offset_and_by_cursor_alike(shop: Shop) -> None:
    made = [(await shop.account(lastName=f"Name {n:02}"))["id"] for n in range(7)]

    first = (await shop.get(ACCOUNTS, params={"pageSize": 3, "sortBy": "lastName desc"})).json()
    second = (
        await shop.get(ACCOUNTS, params={"pageSize": 3, "sortBy": "lastName desc", "cursor": first["nextCursor"]})
    ).json()
    offset = (await shop.get(ACCOUNTS, params={"pageSize": 3, "sortBy": "lastName desc", "startIndex": 3})).json()

    assert first["totalCount"] == 7
    assert first["pageCount"] == 3
    assert [item["id"] for item in first["items"]] == made[:3:-1]
    assert second["items"] == offset["items"]


async def test_an_account_is_removed(shop: Shop) -> None:
    account = await shop.account()

    assert (await shop.delete(f"{ACCOUNTS}/{account['id']}")).status_code == 204

    assert (await shop.get(f"{ACCOUNTS}/{account['id']}")).status_code == 404
    assert (await shop.get(ACCOUNTS)).json()["totalCount"] == 0


async def test_a_user_id_must_be_a_user_of_the_account(shop: Shop) -> None:
    ticket, other = await shop.shopper(), await shop.shopper()
    path = f"{ACCOUNTS}/{ticket['customerAccount']['id']}"

    for below in ("", "/contacts", "/attributes", "/loginstate"):
        assert (await shop.get(path + below, params={"userId": ticket["userId"]})).status_code == 200, below
        for stranger in (other["userId"], "0" * 32, "nobody"):
            answer = await shop.get(path + below, params={"userId": stranger})
            assert fault(answer)[:2] == (404, "ITEM_NOT_FOUND"), below


async def test_an_attribute_named_twice_is_refused(shop: Shop) -> None:
    twice = {"attributes": [{"fullyQualifiedName": "tenant~color", "values": ["red"]}] * 2}

    assert fault(await shop.post(ACCOUNTS, twice)) == (400, "MISSING_OR_INVALID_PARAMETER", "attributes")
