"""The address book: contacts with their addresses, what they serve for, and which one is primary (Kibo behaviour 7)."""

from typing import Any

from shops import ACCOUNTS, Shop, fault

FULL = {
    "firstName": "Kim",
    "middleNameOrInitial": "Q",
    "lastNameOrSurname": "Doe",
    "companyOrOrganization": "Acme",
    "email": "no address at all",
    "label": "Home",
    "faxNumber": "1",
    "phoneNumbers": {"home": "2", "mobile": "+49 3", "work": "4 ext. 5"},
    "address": {
        "address1": "1 Main St",
        "address2": "Apt 2",
        "address3": "Back yard",
        "address4": "Ring twice",
        "cityOrTown": "Austin",
        "stateOrProvince": "TX",
        "postalOrZipCode": "78701",
        "countryCode": "US",
        "addressType": "Residential",
        "isValidated": True,
    },
    "types": [{"name": "Billing", "isPrimary": True}, {"name": "Shipping", "isPrimary": False}],
}


class Book:
    """The address book of a new account."""

    def __init__(self, shop: Shop, account_id: int) -> None:
        self.shop = shop
        self.path = f"{ACCOUNTS}/{account_id}/contacts"

    async def add(self, **fields: Any) -> dict[str, Any]:
        """A new contact."""
        answer = await self.shop.post(self.path, fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def all(self) -> list[dict[str, Any]]:
        """Every contact, oldest first."""
        return list((await self.shop.get(self.path, params={"pageSize": 200})).json()["items"])

    async def primary(self) -> dict[str, list[str]]:
        """The first names of those that are primary, for each type."""
        found: dict[str, list[str]] = {"Billing": [], "Shipping": []}
        for one in await self.all():
            for kind in one["types"]:
                if kind["isPrimary"]:
                    found[kind["name"]].append(one["firstName"])
        return found


async def book_of(shop: Shop, **account: Any) -> Book:
    """A new account's."""
    return Book(shop, (await shop.account(**account))["id"])


def types(**primary: bool) -> list[dict[str, Any]]:
    """`types(Billing=True)`."""
    return [{"name": name, "isPrimary": is_primary} for name, is_primary in primary.items()]


async def test_a_contact_is_kept_with_every_field(shop: Shop) -> None:
    book = await book_of(shop)

    made = await book.add(**FULL)
    read = (await shop.get(f"{book.path}/{made['id']}")).json()

    assert read == made == {**FULL, **{name: made[name] for name in ("id", "accountId", "auditInfo")}}
    assert f"/{made['accountId']}/" in book.path
    account = (await shop.get(f"{ACCOUNTS}/{made['accountId']}")).json()
    assert account["contacts"] == [made]
    assert (await book.all()) == [made]


async def test_nothing_is_needed_and_blanks_are_nothing(shop: Shop) -> None:
    book = await book_of(shop)

    made = await book.add(firstName="  ", label=" Home ", address={"countryCode": " de ", "addressType": "commercial"})

    assert (made["firstName"], made["label"], made["types"]) == (None, "Home", [])
    assert (made["address"]["countryCode"], made["address"]["addressType"]) == ("DE", "Commercial")
    assert made["address"]["isValidated"] is None


async def test_ids_come_from_the_server_and_the_path(shop: Shop) -> None:
    book, other = await book_of(shop), await book_of(shop)
    foreign = await other.add(firstName="Other")

    made = await book.add(id=foreign["id"], accountId=foreign["accountId"], firstName="Kim")

    assert made["id"] != foreign["id"]
    assert made["accountId"] != foreign["accountId"]
    changed = await shop.put(f"{book.path}/{made['id']}", {"id": 1, "accountId": 1, "firstName": "Kim"})
    assert (changed.json()["id"], changed.json()["accountId"]) == (made["id"], made["accountId"])


async def test_a_contact_of_another_account_is_not_found(shop: Shop) -> None:
    book, other = await book_of(shop), await book_of(shop)
    theirs = await other.add(firstName="Other")

    for method, body in (("GET", None), ("PUT", {"firstName": "Mine"}), ("DELETE", None)):
        answer = await shop.call(method, f"{book.path}/{theirs['id']}", json=body)
        assert fault(answer) == (404, "ITEM_NOT_FOUND", None)
    assert await other.all() == [theirs]


async def test_a_put_replaces_the_whole_contact(shop: Shop) -> None:
    book = await book_of(shop)
    made = await book.add(**FULL)

    changed = (await shop.put(f"{book.path}/{made['id']}", {"firstName": "Jo"})).json()

    assert (changed["firstName"], changed["lastNameOrSurname"], changed["types"]) == ("Jo", None, [])
    assert set(changed["address"].values()) == set(changed["phoneNumbers"].values()) == {None}
    assert changed["auditInfo"]["createDate"] == made["auditInfo"]["createDate"]


async def test_one_contact_a_type_is_primary_and_the_newest_wish_counts(shop: Shop) -> None:
    book = await book_of(shop)
    first = await book.add(firstName="a", types=types(Billing=True, Shipping=True))
    await book.add(firstName="b", types=types(Billing=True))
    await book.add(firstName="c", types=types(shipping=False))
    assert await book.primary() == {"Billing": ["b"], "Shipping": ["a"]}

    await shop.put(f"{book.path}/{first['id']}", {"firstName": "a", "types": types(Billing=True, Shipping=False)})

    assert await book.primary() == {"Billing": ["a"], "Shipping": []}


async def test_the_first_contact_of_a_type_is_not_primary_by_itself(shop: Shop) -> None:
    book = await book_of(shop)
    await book.add(firstName="a", types=types(Billing=False))

    assert await book.primary() == {"Billing": [], "Shipping": []}


async def test_losing_the_first_place_raises_a_contacts_version(shop: Shop) -> None:
    book = await book_of(shop)
    first = await book.add(firstName="a", types=types(Billing=True))
    path = f"{book.path}/{first['id']}"
    etag = (await shop.get(path)).headers["etag"]

    await book.add(firstName="b", types=types(Billing=True))

    assert (await shop.get(path)).headers["etag"] != etag
    assert fault(await shop.put(path, {"firstName": "a"}, headers={"If-Match": etag}))[0] == 412


async def test_many_are_added_at_once_and_known_ones_changed(shop: Shop) -> None:
    book, other = await book_of(shop), await book_of(shop)
    known = await book.add(firstName="known", label="kept?", types=types(Billing=True))
    foreign = await other.add(firstName="foreign")

    answer = await shop.put(
        book.path,
        [
            {"firstName": "new"},
            {"id": known["id"], "firstName": "changed"},
            {"id": foreign["id"], "firstName": "also new"},
            {"id": 999_999_999_999, "firstName": "new too"},
        ],
    )

    assert answer.status_code == 200
    page = answer.json()
    assert [one["firstName"] for one in page["items"]] == ["new", "changed", "also new", "new too"]
    assert (page["totalCount"], page["pageCount"], page["items"][1]["id"]) == (4, 1, known["id"])
    assert page["items"][1]["label"] is None
    assert sorted(await book.all(), key=lambda one: one["id"]) == sorted(page["items"], key=lambda one: one["id"])
    assert await other.all() == [foreign]


async def test_the_last_of_many_that_want_to_be_primary_is(shop: Shop) -> None:
    book = await book_of(shop)
    old = await book.add(firstName="old", types=types(Billing=True, Shipping=True))

    page = await shop.put(
        book.path,
        [
            {"firstName": "a", "types": types(Billing=True)},
            {"firstName": "b", "types": types(Billing=True)},
            {"id": old["id"], "firstName": "old", "types": types(Shipping=True)},
        ],
    )

    assert page.json()["items"] == sorted(await book.all(), key=lambda one: one["id"] == old["id"])
    assert await book.primary() == {"Billing": ["b"], "Shipping": ["old"]}


async def test_one_bad_contact_of_many_leaves_nothing_behind(shop: Shop) -> None:
    book = await book_of(shop)
    known = await book.add(firstName="known")

    answer = await shop.put(
        book.path, [{"firstName": "new"}, {"id": known["id"], "firstName": "x"}, {"address": {"countryCode": "XX"}}]
    )

    assert fault(answer) == (400, "MISSING_OR_INVALID_PARAMETER", "countryCode")
    assert await book.all() == [known]


async def test_no_contacts_at_all_are_no_fault(shop: Shop) -> None:
    book = await book_of(shop)

    answer = await shop.put(book.path, [])

    assert (answer.status_code, answer.json()["totalCount"], answer.json()["items"]) == (200, 0, [])


async def test_a_removed_contact_takes_its_cards_with_it(shop: Shop) -> None:
    book = await book_of(shop)
    gone, stays = await book.add(firstName="gone"), await book.add(firstName="stays")
    cards = book.path.replace("/contacts", "/cards")
    for number, contact in enumerate((gone, stays)):
        made = await shop.post(cards, {"id": f"c{number}", "contactId": contact["id"], "cardNumberPart": "****1111"})
        assert made.status_code == 201

    assert (await shop.delete(f"{book.path}/{gone['id']}")).status_code == 204

    assert [one["firstName"] for one in await book.all()] == ["stays"]
    assert [card["id"] for card in (await shop.get(cards)).json()["items"]] == ["c1"]
    assert fault(await shop.delete(f"{book.path}/{gone['id']}"))[0] == 404


async def test_contacts_end_with_their_account(shop: Shop) -> None:
    book = await book_of(shop, contacts=[FULL])
    account_path = book.path.removesuffix("/contacts")

    assert (await shop.delete(account_path)).status_code == 204

    assert fault(await shop.get(book.path))[0] == 404
    for table in ("contact", "address"):
        rows = f"select count(*) from {table} where tenant_id = $1"
        assert await shop.database.session().value(rows, shop.tenant_id) == 0


async def test_the_accounts_own_put_leaves_its_contacts_alone(shop: Shop) -> None:
    book = await book_of(shop, contacts=[FULL])
    before = await book.all()

    await shop.put(book.path.removesuffix("/contacts"), {"firstName": "Jo", "contacts": []})

    assert await book.all() == before
