"""Passwords imported as other systems' hashes: checked at the first sign-in, then replaced."""

from typing import Any

import httpx
import pytest

from audit_log import entries, told
from foreign_hashes import EXPORTED
from patron.kernel.secrets import Vault
from patron.settings import Settings
from shoppers import STRONG, reset_token, sign_in, state
from shops import ACCOUNTS, Shop, fault

SIGN_UP = f"{ACCOUNTS}/Add-Account-And-Login"
BY_FORMAT = {one.format: one for one in EXPORTED}
MAGENTO = BY_FORMAT["Magento 2, SHA-256"]
COSTLY = "$2y$15$" + "." * 53
EVERY_DAY = ("bcrypt 2y", "argon2i", "Django PBKDF2", "phpass", "SSHA", "Magento 2, MD5", "Keycloak, PBKDF2", "Medusa")


def body(stored: str, email: str = "jo@example.com", **more: object) -> dict[str, Any]:
    return {"account": {"emailAddress": email}, "externalPassword": stored, "isImport": True, **more}


async def imported(shop: Shop, stored: str, email: str = "jo@example.com") -> int:
    answer = await shop.post(SIGN_UP, body(stored, email))
    assert answer.status_code == 201, answer.text
    return int(answer.json()["customerAccount"]["id"])


async def flags(shop: Shop, account_id: int) -> tuple[bool, bool]:
    """hasExternalPassword, migrationRequired."""
    read = (await shop.get(f"{ACCOUNTS}/{account_id}")).json()
    return read["hasExternalPassword"], read["migrationRequired"]


async def stored(shop: Shop, account_id: int) -> tuple[str | None, bytes | None]:
    """Our hash and the other system's, as they lie in the database."""
    row = await shop.database.session().row(
        "select password_hash, foreign_hash from login where tenant_id = $1 and account_id = $2",
        shop.tenant_id,
        account_id,
    )
    assert row is not None
    return tuple(row)  # type: ignore[return-value]


@pytest.mark.parametrize("format_", EVERY_DAY)
async def test_the_first_sign_in_replaces_the_hash(shop: Shop, format_: str) -> None:
    one = BY_FORMAT[format_]
    account_id = await imported(shop, one.hash)
    assert await flags(shop, account_id) == (True, False)

    assert fault(await sign_in(shop, "jo@example.com", "Wrong-1"))[:2] == (401, "UNAUTHORIZED")
    assert await flags(shop, account_id) == (True, False)
    ticket = await sign_in(shop, "jo@example.com", one.password)

    assert ticket.status_code == 201, ticket.text
    account = ticket.json()["customerAccount"]
    assert (account["hasExternalPassword"], account["migrationRequired"]) == (False, False)
    ours, theirs = await stored(shop, account_id)
    assert str(ours).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert theirs is None
    assert (await sign_in(shop, "jo@example.com", one.password)).status_code == 201
    assert fault(await sign_in(shop, "jo@example.com", one.hash))[0] == 401


async def test_a_wrong_password_changes_nothing_but_the_count(shop: Shop) -> None:
    account_id = await imported(shop, MAGENTO.hash)
    before = await stored(shop, account_id), await shop.get(f"{ACCOUNTS}/{account_id}")

    for wrong in ("Wrong-1", MAGENTO.hash, f"{MAGENTO.password} "):
        assert fault(await sign_in(shop, "jo@example.com", wrong))[0] == 401

    read = await shop.get(f"{ACCOUNTS}/{account_id}")
    assert (await stored(shop, account_id), read.json()) == (before[0], before[1].json())
    assert read.headers["etag"] == before[1].headers["etag"]
    assert (await state(shop, account_id))["failedLoginAttemptCount"] == 3


async def test_the_hash_lies_sealed_and_its_replacement_is_told_without_it(shop: Shop, settings: Settings) -> None:
    account_id = await imported(shop, MAGENTO.hash)
    ours, theirs = await stored(shop, account_id)
    assert ours is None
    assert theirs is not None
    assert MAGENTO.hash.encode()[:16] not in theirs
    assert Vault(settings.key).open(theirs, "foreign password").decode() == MAGENTO.hash

    await sign_in(shop, "jo@example.com", MAGENTO.password)

    log = await entries(shop, account_id)
    assert told(log)["/Customer/HasExternalPassword"] == ("true", "false")
    assert "argon2" not in str(log)
    assert MAGENTO.hash[:16] not in str(log)


async def test_many_are_imported_at_once_in_every_format(shop: Shop) -> None:
    rows = [body(one.hash, f"{n}@example.com") for n, one in enumerate(EXPORTED)]

    answer = await shop.post(f"{ACCOUNTS}/Bulk", [*rows, body("some:other:text", "other@example.com")])

    assert answer.status_code == 201, answer.text
    items = answer.json()["items"]
    assert {(item["hasExternalPassword"], item["migrationRequired"]) for item in items[:-1]} == {(True, False)}
    assert (items[-1]["hasExternalPassword"], items[-1]["migrationRequired"]) == (True, True)
    for n, (item, one) in enumerate(zip(items[:-1], EXPORTED, strict=True)):
        if one.format in EVERY_DAY:
            continue  # looked at more closely above
        before = await stored(shop, item["id"])
        assert (await sign_in(shop, f"{n}@example.com", f"{one.password[:40]}x")).status_code == 401, one.format
        assert await stored(shop, item["id"]) == before
        assert (await sign_in(shop, f"{n}@example.com", one.password)).status_code == 201, one.format
        ours, theirs = await stored(shop, item["id"])
        assert (str(ours)[:9], theirs) == ("$argon2id", None)


async def test_a_hash_that_is_too_costly_is_refused_by_name(shop: Shop) -> None:
    guest = await shop.account()
    rows = [body(MAGENTO.hash, "a@example.com"), body(COSTLY, "b@example.com")]

    one = await shop.post(SIGN_UP, body(COSTLY))
    many = await shop.post(f"{ACCOUNTS}/Bulk", rows)
    login = await shop.post(f"{ACCOUNTS}/{guest['id']}/Create-Login", {"externalPassword": COSTLY, "isImport": True})

    assert fault(one) == (400, "MISSING_OR_INVALID_PARAMETER", "externalPassword")
    assert "bcrypt" in one.text
    assert fault(many)[::2] == (400, "[1].externalPassword")
    assert fault(login)[::2] == (400, "externalPassword")
    assert (await shop.get(ACCOUNTS)).json()["totalCount"] == 1


async def test_a_guest_gets_an_imported_login(shop: Shop) -> None:
    guest = await shop.account(emailAddress="jo@example.com")
    login = {"emailAddress": "jo@example.com", "externalPassword": MAGENTO.hash, "isImport": True}

    answer = await shop.post(f"{ACCOUNTS}/{guest['id']}/Create-Login", login)

    assert answer.status_code == 201, answer.text
    assert await flags(shop, guest["id"]) == (True, False)
    assert (await sign_in(shop, "jo@example.com", MAGENTO.password)).status_code == 201
    assert await flags(shop, guest["id"]) == (False, False)


async def change(shop: Shop, account_id: int, **info: str) -> httpx.Response:
    return await shop.post(f"{ACCOUNTS}/{account_id}/Change-Password", info)


async def test_an_imported_password_is_good_as_the_old_one_and_can_be_reset(shop: Shop, settings: Settings) -> None:
    first, second = await imported(shop, MAGENTO.hash), await imported(shop, MAGENTO.hash, "kim@example.com")

    wrong = await change(shop, first, oldPassword="Wrong-1", newPassword=STRONG)
    right = await change(shop, first, oldPassword=MAGENTO.password, newPassword=STRONG)
    token = await reset_token(shop, settings, emailAddress="kim@example.com")
    new = {"userName": "kim@example.com", "newPassword": STRONG, "confirmationCode": token}

    assert fault(wrong)[::2] == (400, "password")
    assert right.status_code == 200
    assert (await shop.post(f"{ACCOUNTS}/Update-Forgotten-Password", new)).status_code == 200
    for account_id, name in ((first, "jo@example.com"), (second, "kim@example.com")):
        assert await flags(shop, account_id) == (False, False)
        assert (await stored(shop, account_id))[1] is None
        assert fault(await sign_in(shop, name, MAGENTO.password))[0] == 401
        assert (await sign_in(shop, name, STRONG)).status_code == 201


async def test_an_application_replaces_a_password_by_a_hash(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id = ticket["customerAccount"]["id"]

    assert fault(await change(shop, account_id, externalPassword=COSTLY))[::2] == (400, "externalPassword")
    assert (await change(shop, account_id, externalPassword="some other text")).status_code == 200
    assert await flags(shop, account_id) == (True, True)
    assert (await change(shop, account_id, externalPassword=MAGENTO.hash)).status_code == 200
    assert await flags(shop, account_id) == (True, False)

    assert fault(await sign_in(shop, "jo@example.com"))[0] == 401
    assert (await sign_in(shop, "jo@example.com", MAGENTO.password)).status_code == 201


async def test_a_locked_login_keeps_its_hash(shop: Shop) -> None:
    account_id = await imported(shop, MAGENTO.hash)
    await shop.post(f"{ACCOUNTS}/{account_id}/Set-Login-Locked", True)

    assert fault(await sign_in(shop, "jo@example.com", MAGENTO.password))[:2] == (403, "FORBIDDEN")
    assert await flags(shop, account_id) == (True, False)


async def test_a_hash_sealed_with_another_key_lets_nobody_in(shop: Shop) -> None:
    account_id = await imported(shop, MAGENTO.hash)
    await shop.database.session().execute(
        "update login set foreign_hash = $3 where tenant_id = $1 and account_id = $2",
        shop.tenant_id,
        account_id,
        Vault(b"another key of thirty-two bytes.").seal(MAGENTO.hash.encode(), "foreign password"),
    )

    assert fault(await sign_in(shop, "jo@example.com", MAGENTO.password))[:2] == (401, "UNAUTHORIZED")
