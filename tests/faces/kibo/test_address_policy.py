"""Contacts whose address is wrong: kept by lenient tenants, refused by strict ones, through every door."""

from typing import Any

import httpx
import pytest

from addresses import AUSTIN, faults
from patron.kernel.clock import clock
from patron.kernel.revocation import Revocations
from patron.tenants import actions as tenants
from patron.tenants import policies
from shoppers import set_policy
from shops import ACCOUNTS, PASSWORD, Shop, fault

BLANK = dict.fromkeys(("address2", "address3", "address4", "addressType"))
WRONG = AUSTIN | {"stateOrProvince": "CA"}
TOLD = "lies in TX, not in CA"


async def strict(shop: Shop) -> None:
    """From now on wrong addresses are refused."""
    await set_policy(shop, addresses={"strict": True})


async def write(shop: Shop, door: str, *addresses: Any) -> tuple[httpx.Response, list[dict[str, Any]]]:
    """Write contacts with these addresses in one of the ways there are. Gives the answer, and all contacts."""
    contacts = [{"firstName": f"Kim {n}", "address": address} for n, address in enumerate(addresses)]
    account: dict[str, Any] = {"emailAddress": f"{door}@example.com", "contacts": contacts}
    if door in ("addAccountContact", "addAccountContactList", "updateAccountContact"):
        book = f"{ACCOUNTS}/{(await shop.account())['id']}/contacts"
        if door == "addAccountContact":
            answers = [await shop.post(book, one) for one in contacts]
        elif door == "addAccountContactList":
            answers = [await shop.put(book, contacts)]
        else:
            made = (await shop.post(book, {"firstName": "Kim"})).json()
            answers = [await shop.put(f"{book}/{made['id']}", one) for one in contacts]
        return answers[-1], (await shop.get(book)).json()["items"]
    if door == "addAccount":
        answer = await shop.post(ACCOUNTS, account)
    elif door == "addAccountAndLogin":
        answer = await shop.post(f"{ACCOUNTS}/Add-Account-And-Login", {"account": account, "password": PASSWORD})
    else:
        answer = await shop.post(f"{ACCOUNTS}/Bulk", [{"account": account, "password": PASSWORD}])
    found = (await shop.get(ACCOUNTS)).json()["items"]
    return answer, [contact for one in found for contact in one["contacts"]]


DOORS = (
    *("addAccountContact", "addAccountContactList", "updateAccountContact"),
    *("addAccount", "addAccountAndLogin", "addAccounts"),
)
# What stands before the field's name when the second of two contacts is wrong.
PLACES = {
    "addAccountContactList": "[1].",
    "addAccount": "contacts[1].",
    "addAccountAndLogin": "contacts[1].",
    "addAccounts": "[0].contacts[1].",
}


@pytest.mark.parametrize("door", DOORS)
async def test_lenient_keeps_what_is_wrong_but_not_the_claim_that_it_is_right(shop: Shop, door: str) -> None:
    claims = {True: False, False: False, None: None}
    for claim, kept in claims.items() if door.endswith("Contact") else [(True, False)]:
        answer, contacts = await write(shop, door, WRONG | {"isValidated": claim})

        assert answer.status_code in (200, 201), answer.text
        assert contacts[-1]["address"] == WRONG | BLANK | {"isValidated": kept}


@pytest.mark.parametrize("door", DOORS)
async def test_lenient_believes_a_claim_that_can_be_right(shop: Shop, door: str) -> None:
    _, contacts = await write(shop, door, AUSTIN | {"isValidated": True})

    assert contacts[-1]["address"]["isValidated"] is True


@pytest.mark.parametrize("door", DOORS)
async def test_strict_refuses_what_is_wrong_and_keeps_nothing_of_it(shop: Shop, door: str) -> None:
    await strict(shop)

    addresses = [AUSTIN, WRONG] if door in PLACES else [WRONG]
    answer, contacts = await write(shop, door, *addresses)

    assert faults(answer) == {f"{PLACES.get(door, '')}postalOrZipCode": TOLD}
    assert [one["address"]["address1"] for one in contacts if one["address"]["address1"]] == []


@pytest.mark.parametrize("door", DOORS)
async def test_strict_marks_what_is_right_whatever_is_claimed(shop: Shop, door: str) -> None:
    await strict(shop)
    new = AUSTIN | {"postalOrZipCode": "78700", "isValidated": True}
    addresses = [(AUSTIN | {"isValidated": False}, True), (new, False)]
    for address, is_validated in addresses if door.endswith("Contact") else addresses[:1]:
        answer, contacts = await write(shop, door, address)

        assert answer.status_code in (200, 201), answer.text
        assert contacts[-1]["address"]["isValidated"] is is_validated


async def test_a_site_may_be_stricter_or_more_lenient_than_its_tenant(shop: Shop) -> None:
    db, account = shop.database.session(), await shop.account()
    other = await tenants.create_site(db, shop.tenant_id, name="Outlet", now=clock())
    shop.token = await shop.sign_in()
    book = f"{ACCOUNTS}/{account['id']}/contacts"

    revocations = Revocations(shop.database, lambda _: None)
    for of_tenant, of_site in ((False, True), (True, False)):
        async with db.transaction():
            await policies.change(db, revocations, shop.tenant_id, {"addresses.strict": of_tenant})
            await policies.change_site(db, revocations, shop.tenant_id, other, {"addresses.strict": of_site})
        statuses = {True: 400, False: 201}
        here = await shop.post(book, {"address": WRONG})
        there = await shop.post(book, {"address": WRONG}, headers={"x-vol-site": str(other)})
        assert (here.status_code, there.status_code) == (statuses[of_tenant], statuses[of_site])


async def test_strict_has_nothing_against_a_contact_without_an_address(shop: Shop) -> None:
    await strict(shop)
    account = await shop.account()

    for address in (None, {}, {"address1": " ", "addressType": "None"}):
        made = await shop.post(f"{ACCOUNTS}/{account['id']}/contacts", {"firstName": "Kim", "address": address})
        assert made.status_code == 201, made.text
        assert made.json()["address"]["isValidated"] is None


async def test_strict_tells_all_faults_of_all_rows_at_once(shop: Shop) -> None:
    await strict(shop)
    rows = [
        {"account": {"emailAddress": "no address"}, "password": "x"},
        {"account": {"emailAddress": "a@example.com", "contacts": [{"address": WRONG}]}, "password": PASSWORD},
        {"account": {"emailAddress": "b@example.com", "contacts": [{"address": {"countryCode": "US"}}]}},
    ]

    found = faults(await shop.post(f"{ACCOUNTS}/Bulk", rows))

    assert found["[1].contacts[0].postalOrZipCode"] == TOLD
    assert {"[0].EmailAddress", "[0].password", "[2].password", "[2].contacts[0].address1"} <= set(found)
    assert (await shop.get(ACCOUNTS)).json()["totalCount"] == 0


async def test_what_was_written_before_can_be_read_and_removed(shop: Shop) -> None:
    account = await shop.account(contacts=[{"address": WRONG}])
    await strict(shop)
    path = f"{ACCOUNTS}/{account['id']}"

    assert (await shop.get(f"{path}/contacts")).json()["totalCount"] == 1
    assert (await shop.put(path, {"firstName": "Kim", "contacts": account["contacts"]})).status_code == 200
    changed = await shop.put(f"{path}/contacts/{account['contacts'][0]['id']}", account["contacts"][0])
    assert fault(changed) == (400, "MISSING_OR_INVALID_PARAMETER", "postalOrZipCode")
    assert (await shop.delete(f"{path}/contacts/{account['contacts'][0]['id']}")).status_code == 204
