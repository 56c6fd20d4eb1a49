"""The names that lead to a login, and what happens to them when an account's address or user name changes."""

import asyncio
from typing import Any

import httpx

from patron.settings import Settings
from shoppers import STRONG, is_signed_in, mails, reset_token, sign_in
from shops import ACCOUNTS, PASSWORD, Shop, fault


async def change(shop: Shop, account: dict[str, Any], **fields: Any) -> httpx.Response:
    return await shop.put(f"{ACCOUNTS}/{account['id']}", {**account, **fields})


async def test_a_user_name_follows_the_address_that_it_was(shop: Shop, settings: Settings) -> None:
    ticket = await shop.shopper(emailAddress="Old@Example.com")

    changed = await change(shop, ticket["customerAccount"], emailAddress="new@example.com")

    assert changed.status_code == 200, changed.text
    assert (changed.json()["emailAddress"], changed.json()["userName"]) == ("new@example.com", "new@example.com")
    assert (await sign_in(shop, "old@example.com")).status_code == 401
    assert (await sign_in(shop, "new@example.com")).status_code == 201
    assert await is_signed_in(shop, ticket)
    told = {mail.recipient for mail, _ in await mails(shop, settings) if mail.kind == "shopperEmailUpdated"}
    assert told == {"Old@Example.com", "new@example.com"}


async def test_a_user_name_of_its_own_stays(shop: Shop) -> None:
    account = (await shop.shopper(emailAddress="old@example.com", userName="Jo"))["customerAccount"]

    left_out = await change(shop, account, emailAddress="new@example.com", userName=None)

    assert (left_out.json()["emailAddress"], left_out.json()["userName"]) == ("new@example.com", "Jo")
    assert (await sign_in(shop, "jo")).status_code == 201
    assert (await sign_in(shop, "new@example.com")).status_code == 201
    assert (await sign_in(shop, "old@example.com")).status_code == 401


async def test_another_user_name_replaces_the_old_one(shop: Shop) -> None:
    account = (await shop.shopper(emailAddress="jo@example.com", userName="jo"))["customerAccount"]

    assert (await change(shop, account, userName=" Joanna ")).json()["userName"] == "Joanna"

    assert (await sign_in(shop, "jo")).status_code == 401
    assert (await sign_in(shop, "JOANNA")).status_code == 201
    assert fault(await change(shop, account, userName="x" * 255))[::2] == (400, "username")
    assert fault(await change(shop, account, userName=" "))[::2] == (400, "EmailAddress")


async def test_a_login_without_an_address_keeps_its_user_name(shop: Shop) -> None:
    account = (await shop.shopper(emailAddress="jo@example.com"))["customerAccount"]

    blank = await change(shop, account, emailAddress=None)

    assert (blank.json()["emailAddress"], blank.json()["userName"]) == (None, "jo@example.com")
    assert (await sign_in(shop, "jo@example.com")).status_code == 201


async def test_names_of_another_login_are_refused_and_nothing_changes(shop: Shop) -> None:
    await shop.shopper(emailAddress="kim@example.com", userName="kim")
    ticket = await shop.shopper(emailAddress="jo@example.com", firstName="Jo")
    account = ticket["customerAccount"]

    for fields, parameter in (
        ({"emailAddress": "KIM@example.com"}, "EmailAddress"),
        ({"userName": "Kim"}, "username"),
        ({"userName": "kim@example.com"}, "username"),
        ({"emailAddress": "KIM@example.com", "userName": "new"}, "EmailAddress"),
    ):
        refused = await change(shop, account, **fields, firstName="No")
        assert fault(refused) == (400, "MISSING_OR_INVALID_PARAMETER", parameter), fields
    read = (await shop.get(f"{ACCOUNTS}/{account['id']}")).json()
    assert (read["firstName"], read["emailAddress"], read["userName"]) == ("Jo", "jo@example.com", "jo@example.com")
    assert (await sign_in(shop, "jo@example.com")).status_code == 201


async def test_a_freed_address_may_be_taken(shop: Shop) -> None:
    account = (await shop.shopper(emailAddress="jo@example.com"))["customerAccount"]
    await change(shop, account, emailAddress="new@example.com")

    other = await shop.shopper(emailAddress="JO@example.com")

    assert (await sign_in(shop, "jo@example.com")).json()["userId"] == other["userId"]


async def test_only_the_spelling_of_an_address_changes(shop: Shop, settings: Settings) -> None:
    account = (await shop.shopper(emailAddress="jo@example.com"))["customerAccount"]

    changed = await change(shop, account, emailAddress="Jo@Example.com")

    assert (changed.json()["emailAddress"], changed.json()["userName"]) == ("Jo@Example.com", "Jo@Example.com")
    assert [mail.kind for mail, _ in await mails(shop, settings)] == ["shopperEmailUpdated", "shopperLoginCreated"]
    assert (await sign_in(shop, "JO@EXAMPLE.COM")).status_code == 201


async def test_a_link_that_went_to_the_old_address_is_worth_nothing(shop: Shop, settings: Settings) -> None:
    account = (await shop.shopper(emailAddress="old@example.com"))["customerAccount"]
    token = await reset_token(shop, settings, emailAddress="old@example.com")

    await change(shop, account, emailAddress="new@example.com")

    answer = await shop.post(
        f"{ACCOUNTS}/Update-Forgotten-Password",
        {"userName": "new@example.com", "newPassword": STRONG, "confirmationCode": token},
    )
    assert fault(answer)[::2] == (400, "confirmationCode")


async def test_a_login_takes_an_address_over_from_a_guest(shop: Shop) -> None:
    guest = await shop.account(emailAddress="jo@example.com", firstName="Guest")
    account = (await shop.shopper(emailAddress="old@example.com"))["customerAccount"]

    changed = await change(shop, account, emailAddress="jo@example.com")

    assert changed.status_code == 200, changed.text
    assert await holders(shop, "jo@example.com") == [account["id"]]
    kept = (await shop.get(f"{ACCOUNTS}/{guest['id']}")).json()
    assert (kept["emailAddress"], kept["firstName"], kept["isAnonymous"]) == ("jo@example.com", "Guest", True)


async def test_guests_share_an_address_and_one_of_them_holds_it(shop: Shop) -> None:
    one, two, three = [await shop.account(emailAddress=f"{n}@example.com") for n in range(3)]

    answers = await asyncio.gather(
        *(change(shop, account, emailAddress="same@example.com") for account in (one, two, three))
    )

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len(await holders(shop, "same@example.com")) == 1


async def test_guests_and_a_login_meet_at_one_address_and_the_login_holds_it(shop: Shop) -> None:
    """However they interleave: no guest hears an error, and the login is the holder in the end."""
    for n in range(5):
        email = f"same{n}@example.com"
        guest = await shop.account()
        account = (await shop.shopper(PASSWORD))["customerAccount"]

        answers = await asyncio.gather(
            shop.post(ACCOUNTS, {"emailAddress": email}),
            change(shop, guest, emailAddress=email),
            change(shop, account, emailAddress=email),
            shop.post(ACCOUNTS, {"emailAddress": email}),
        )

        assert [answer.status_code for answer in answers] == [201, 200, 200, 201], [a.text for a in answers]
        assert await holders(shop, email) == [account["id"]]


async def holders(shop: Shop, email: str) -> list[int]:
    """The accounts that an address leads to."""
    rows = await shop.database.session().fetch(
        "select id from account where tenant_id = $1 and email_key = $2 and holds_email", shop.tenant_id, email
    )
    return [row["id"] for row in rows]


async def test_changes_of_one_login_at_the_same_time_wait_for_each_other(shop: Shop) -> None:
    account = (await shop.shopper(emailAddress="jo@example.com"))["customerAccount"]
    one = f"{ACCOUNTS}/{account['id']}"

    answers = await asyncio.gather(
        *(change(shop, account, emailAddress=f"{n}@example.com") for n in range(4)),
        *(shop.post(f"{one}/Change-Password", {"newPassword": STRONG}) for _ in range(3)),
        *(shop.post(f"{one}/Set-Login-Locked", n % 2 == 0) for n in range(4)),
        *(shop.post(f"{one}/Set-Password-Change-Required", n % 2 == 0) for n in range(2)),
        *(shop.post(f"{ACCOUNTS}/Reset-Password", {"emailAddress": "jo@example.com"}) for _ in range(2)),
        *(shop.post(f"{one}/contacts", {"firstName": "Kim"}) for _ in range(2)),
    )

    assert {answer.status_code for answer in answers} <= {200, 201}, [answer.text for answer in answers]
    names = await shop.database.session().fetch(
        "select name_key from login_name where tenant_id = $1 order by name_key", shop.tenant_id
    )
    read = (await shop.get(one)).json()
    assert {row["name_key"] for row in names} == {read["emailAddress"], read["userName"]}
