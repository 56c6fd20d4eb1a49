"""One record, two views: what one face writes, the other shows at once, pair by pair and both ways."""

from typing import Any

from organizations import Organization, to_one
from shops import ACCOUNTS, PASSWORD

Json = dict[str, Any]


async def account_of(organization: Organization, email: str) -> Json:
    """An account as the first face shows it, by its e-mail address."""
    found = await organization.shop.get(ACCOUNTS, params={"filter": f"emailAddress eq {email}"})
    (one,) = found.json()["items"]
    return dict(one)


async def customer_of(organization: Organization, email: str, **rest: str) -> Json:
    """A customer as the second face shows it, by its e-mail address."""
    found = await organization.get(f"customers?filter[q][email_eq]={email}", **rest)
    (one,) = found.json()["data"]
    return dict(one)


async def book_of(organization: Organization, account_id: int) -> list[Json]:
    """The contacts of an account."""
    found = await organization.shop.get(f"{ACCOUNTS}/{account_id}/contacts")
    return list(found.json()["items"])


async def addresses_of(organization: Organization, customer_id: str) -> list[tuple[Json, Json]]:
    """The address book of a customer: each customer address with its address."""
    found = (await organization.get(f"customers/{customer_id}/customer_addresses?include=address")).json()
    by_id = {one["id"]: one for one in found["included"]}
    return [(one, by_id[one["relationships"]["address"]["data"]["id"]]) for one in found["data"]]


async def put_contact(organization: Organization, account_id: int, contact: Json, **changes: Any) -> None:
    """Replace a contact, which differs from what was read in what is given."""
    path = f"{ACCOUNTS}/{account_id}/contacts/{contact['id']}"
    answer = await organization.shop.put(path, {**contact, **changes})
    assert answer.status_code == 200, answer.text


async def test_an_account_is_a_customer(organization: Organization) -> None:
    account = await organization.shop.account(
        emailAddress="Kim@Example.com", externalId="CRM-1", taxId="DE1", firstName="Kim"
    )
    customer = await customer_of(organization, "kim@example.com")
    shown = customer["attributes"]
    assert (shown["email"], shown["reference"], shown["tax_exemption_code"]) == ("kim@example.com", "CRM-1", "DE1")
    assert (shown["status"], shown["total_orders_count"], shown["has_password"]) == ("prospect", 0, False)

    changes = {"email": "kim.doe@example.com", "reference": "CRM-2", "tax_exemption_code": "DE2"}
    assert (await organization.patch("customers", customer["id"], changes)).status_code == 200
    after = await account_of(organization, "kim.doe@example.com")
    assert (after["id"], after["externalId"], after["taxId"]) == (account["id"], "CRM-2", "DE2")
    assert after["firstName"] == "Kim"  # what the second face does not know stays

    back = await organization.shop.put(f"{ACCOUNTS}/{account['id']}", {**after, "externalId": "CRM-3"})
    assert back.status_code == 200, back.text
    shown = (await organization.get(f"customers/{customer['id']}")).json()["data"]["attributes"]
    assert (shown["reference"], shown["email"]) == ("CRM-3", "kim.doe@example.com")
    assert (await organization.shop.delete(f"{ACCOUNTS}/{account['id']}")).status_code == 204
    assert (await organization.get(f"customers/{customer['id']}")).status_code == 404


async def test_a_customer_is_an_account(organization: Organization) -> None:
    customer = await organization.create("customers", email="lee@example.com", reference="CRM-1")
    account = await account_of(organization, "lee@example.com")
    assert (account["externalId"], account["isAnonymous"]) == ("CRM-1", True)
    assert (await organization.call("DELETE", f"customers/{customer['id']}")).status_code == 204
    assert (await organization.shop.get(f"{ACCOUNTS}/{account['id']}")).status_code == 404


async def test_a_password_of_either_face_signs_in_at_both(organization: Organization) -> None:
    shopper = await organization.shop.shopper(emailAddress="first@example.com")
    assert shopper["customerAccount"]["isAnonymous"] is False
    assert (await customer_of(organization, "first@example.com"))["attributes"]["has_password"] is True
    assert (await organization.customer_ticket("first@example.com", PASSWORD))["owner_type"] == "customer"

    guest = await organization.create("customers", email="second@example.com")
    assert (await account_of(organization, "second@example.com"))["isAnonymous"] is True
    changed = await organization.patch("customers", guest["id"], {"password": PASSWORD})
    assert changed.json()["data"]["attributes"]["has_password"] is True
    assert (await account_of(organization, "second@example.com"))["isAnonymous"] is False
    ticket = await organization.shop.post(
        "/api/commerce/customer/authtickets", {"username": "second@example.com", "password": PASSWORD}
    )
    assert ticket.status_code == 201, ticket.text


async def test_a_contact_is_a_customer_address_with_its_address(organization: Organization) -> None:
    account = await organization.shop.account(emailAddress="kim@example.com")
    customer = await customer_of(organization, "kim@example.com")
    place = {"address1": "1 Main St", "address3": "Back yard", "cityOrTown": "Austin", "stateOrProvince": "TX",
             "postalOrZipCode": "78701", "countryCode": "US"}  # fmt: skip
    contact = await organization.shop.contact(
        account["id"], firstName="Kim", middleNameOrInitial="Q", lastNameOrSurname="Doe", email="home@example.com",
        phoneNumbers={"mobile": "+1 512 1", "work": "+1 512 2"}, address=place,
    )  # fmt: skip
    ((entry, address),) = await addresses_of(organization, customer["id"])
    shown = address["attributes"]
    assert (shown["first_name"], shown["last_name"], shown["email"]) == ("Kim", "Doe", "home@example.com")
    assert (shown["line_1"], shown["city"], shown["state_code"]) == ("1 Main St", "Austin", "TX")
    assert (shown["zip_code"], shown["country_code"], shown["phone"]) == ("78701", "US", "+1 512 1")
    assert entry["attributes"]["name"] == "Kim Doe, 1 Main St Back yard, 78701 Austin TX (US) +1 512 1"

    changes = {"first_name": "Kay", "city": "Dallas", "phone": "+1 512 9", "email": "new@example.com", "notes": "Ring"}
    changed = await organization.patch("addresses", address["id"], changes)
    assert changed.status_code == 200, changed.text
    (after,) = await book_of(organization, account["id"])
    assert (after["id"], after["firstName"], after["middleNameOrInitial"]) == (contact["id"], "Kay", "Q")
    assert (after["email"], after["address"]["cityOrTown"]) == ("new@example.com", "Dallas")
    assert after["address"]["address3"] == "Back yard"
    assert after["phoneNumbers"] == {"home": None, "mobile": "+1 512 9", "work": "+1 512 2"}

    phones = {"home": "+1 512 7", "mobile": "+1 512 8", "work": None}
    waco = {**after["address"], "cityOrTown": "Waco"}
    written = {"firstName": "Kit", "email": "last@example.com", "phoneNumbers": phones, "address": waco}
    await put_contact(organization, account["id"], after, **written)
    etag = (await organization.get(f"addresses/{address['id']}")).headers["etag"]
    assert etag != changed.headers["etag"]
    ((entry, address),) = await addresses_of(organization, customer["id"])
    shown = address["attributes"]
    assert (shown["first_name"], shown["city"], shown["notes"]) == ("Kit", "Waco", "Ring")
    assert (shown["phone"], shown["email"]) == ("+1 512 7", "last@example.com")

    gone = await organization.shop.delete(f"{ACCOUNTS}/{account['id']}/contacts/{contact['id']}")
    assert gone.status_code == 204
    assert (await organization.get(f"customer_addresses/{entry['id']}")).status_code == 404
    assert (await organization.get(f"addresses/{address['id']}")).status_code == 404


async def test_a_customer_address_is_a_contact(organization: Organization) -> None:
    customer = await organization.create("customers", email="lee@example.com")
    account = await account_of(organization, "lee@example.com")
    address = await organization.create(
        "addresses", first_name="Lee", last_name="Ray", company="Acme", phone="1", email="lee@work.example",
        line_1="Via Po 1", city="Torino", zip_code="10123", country_code="IT",
    )  # fmt: skip
    assert await book_of(organization, account["id"]) == []
    links = {"customer": to_one("customers", customer["id"]), "address": to_one("addresses", address["id"])}
    entry = await organization.create("customer_addresses", links)
    (contact,) = await book_of(organization, account["id"])
    assert (contact["firstName"], contact["lastNameOrSurname"], contact["email"]) == ("Lee", "Ray", "lee@work.example")
    assert (contact["companyOrOrganization"], contact["phoneNumbers"]["home"]) == ("Acme", "1")
    assert (contact["address"]["address1"], contact["address"]["countryCode"]) == ("Via Po 1", "IT")
    assert contact["types"] == []

    await put_contact(organization, account["id"], contact, lastNameOrSurname="Rey")
    assert (await organization.call("DELETE", f"customer_addresses/{entry['id']}")).status_code == 204
    assert await book_of(organization, account["id"]) == []
    alone = (await organization.get(f"addresses/{address['id']}")).json()["data"]["attributes"]
    assert (alone["last_name"], alone["city"]) == ("Rey", "Torino")


async def test_a_card_outlives_its_customer_address(organization: Organization) -> None:
    account = await organization.shop.account(emailAddress="kim@example.com")
    customer = await customer_of(organization, "kim@example.com")
    contact = await organization.shop.contact(account["id"], firstName="Kim")
    card = {"id": "card-1", "cardType": "Visa", "cardNumberPart": "1111", "expireMonth": 5, "expireYear": 2040,
            "nameOnCard": "Kim", "contactId": contact["id"]}  # fmt: skip
    path = f"{ACCOUNTS}/{account['id']}/cards"
    assert (await organization.shop.post(path, card)).status_code == 201
    ((entry, _),) = await addresses_of(organization, customer["id"])
    assert (await organization.call("DELETE", f"customer_addresses/{entry['id']}")).status_code == 204
    (kept,) = (await organization.shop.get(path)).json()["items"]
    assert (kept["id"], kept["contactId"]) == ("card-1", 0)


async def test_a_group_is_a_segment(organization: Organization) -> None:
    group = await organization.create("customer_groups", name="Friends")
    customer = await organization.create(
        "customers", {"customer_group": to_one("customer_groups", group["id"])}, email="lee@example.com"
    )
    account = await account_of(organization, "lee@example.com")
    assert [one["name"] for one in account["segments"]] == ["Friends"]
    segment = account["segments"][0]
    path = f"/api/commerce/customer/segments/{segment['id']}"

    assert (await organization.shop.delete(f"{path}/accounts/{account['id']}")).status_code == 204
    assert (await organization.get(f"customers/{customer['id']}/customer_group")).json() == {"data": None}
    assert (await organization.shop.post(f"{path}/accounts", [account["id"]])).status_code == 201
    found = (await organization.get(f"customers/{customer['id']}/customer_group")).json()["data"]
    assert found["id"] == group["id"]
    renamed = await organization.shop.put(path, {**segment, "name": "Best friends"})
    assert renamed.status_code == 200, renamed.text
    shown = (await organization.get(f"customer_groups/{group['id']}")).json()["data"]["attributes"]
    assert (shown["name"], shown["code"]) == ("Best friends", segment["code"])


async def test_an_order_is_a_transaction_and_a_transaction_counts_as_an_order(organization: Organization) -> None:
    shop = organization.shop
    made = await organization.create("orders", customer_email="sums@example.com", total_amount_cents=1_250)
    placed = await organization.patch("orders", made["id"], {"_place": True})
    assert placed.status_code == 200, placed.text
    customer = (await organization.get(f"orders/{made['id']}/customer")).json()["data"]
    found = await shop.get(ACCOUNTS, params={"filter": "emailAddress eq sums@example.com"})
    account = found.json()["items"][0]
    assert account["commerceSummary"]["totalOrderAmount"]["amount"] == 12.5
    assert account["commerceSummary"]["orderCount"] == 1

    added = await shop.post(
        f"{ACCOUNTS}/{account['id']}/transactions",
        {"transactionType": "Order", "amount": 10, "currencyCode": "USD", "interactionType": "Store"},
    )
    assert added.status_code == 201, added.text
    read = await organization.get(f"customers/{customer['id']}")
    attributes = read.json()["data"]["attributes"]
    assert (attributes["total_orders_count"], attributes["status"]) == (2, "repeat")
