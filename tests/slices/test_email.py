"""One address, one login: in every spelling, and when a hundred want it at once (DESIGN 1, "E-mail")."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from patron.kernel.db import Database
from shops import ACCOUNTS, PASSWORD, TICKETS, Shop, fault

SIGN_UP = f"{ACCOUNTS}/Add-Account-And-Login"
TIED = (400, "MISSING_OR_INVALID_PARAMETER", "EmailAddress")

SPELLINGS = [
    *("José@Bücher.example", "josé@bücher.example", "JOSÉ@BÜCHER.EXAMPLE", "jose\u0301@bücher.example"),
    *("josé@bu\u0308cher.example", "josé@xn--bcher-kva.example", "JOSÉ@XN--BCHER-KVA.EXAMPLE"),
    *("ｊｏｓé＠ｂücher.example", "\tJOSÉ@bücher.example\n", " josé@bücher.example "),
]


async def sign_up(shop: Shop, address: str, **more: Any) -> httpx.Response:
    """Try until the password's turn has come, as a good client does."""
    body = {"account": {"emailAddress": address, **more}, "password": PASSWORD}
    while (answer := await shop.post(SIGN_UP, body)).status_code == 429:
        assert int(answer.headers["retry-after"]) > 0
        await asyncio.sleep(0.2)
    return answer


def tied(answer: httpx.Response) -> tuple[int, str, str | None]:
    """What kind of fault it is, after seeing that the sentence is the one that themes look for."""
    assert "is already tied to a login" in answer.json()["message"]
    return fault(answer)


async def holders(shop: Shop, database: Database) -> list[int]:
    """The accounts that hold an address."""
    rows = await database.session().fetch(
        "select id from account where tenant_id = $1 and holds_email order by id", shop.tenant_id
    )
    return [row["id"] for row in rows]


async def count(shop: Shop) -> int:
    """How many accounts there are, by the counters and by counting."""
    counted = (await shop.get(ACCOUNTS)).json()["totalCount"]
    assert counted == (await shop.get(ACCOUNTS, params={"filter": "id gt 0"})).json()["totalCount"]
    return int(counted)


@pytest.mark.parametrize("spelling", SPELLINGS, ids=ascii)
async def test_no_spelling_of_an_address_gets_a_second_login(shop: Shop, spelling: str) -> None:
    assert (await sign_up(shop, "josé@bücher.example")).status_code == 201

    assert tied(await sign_up(shop, spelling)) == TIED
    assert await count(shop) == 1
    signed_in = await shop.post(TICKETS, {"username": spelling, "password": PASSWORD})
    assert signed_in.status_code == 201


async def test_the_address_keeps_the_spelling_it_came_with(shop: Shop) -> None:
    for number, spelling in enumerate(SPELLINGS[:4]):
        made = await sign_up(shop, spelling.replace("@", f"{number}@"))
        assert made.json()["customerAccount"]["emailAddress"] == spelling.replace("@", f"{number}@")


async def test_of_a_hundred_sign_ups_at_once_one_wins(shop: Shop, database: Database) -> None:
    spellings = [spelling for spelling in SPELLINGS for _ in range(10)]

    answers = await asyncio.gather(*[sign_up(shop, spelling) for spelling in spellings])

    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 99}
    assert {tied(answer) for answer in answers if answer.status_code == 400} == {TIED}
    assert await count(shop) == 1
    assert len(await holders(shop, database)) == 1


async def test_sign_ups_with_different_addresses_do_not_hinder_each_other(shop: Shop, database: Database) -> None:
    answers = await asyncio.gather(*[sign_up(shop, f"jo{n}@example.com") for n in range(40)])

    assert {answer.status_code for answer in answers} == {201}
    assert await count(shop) == len(await holders(shop, database)) == 40


async def test_an_address_may_not_be_another_logins_user_name(shop: Shop) -> None:
    answers = await asyncio.gather(
        *[sign_up(shop, f"jo{n}@example.com", userName="shared@example.com") for n in range(10)],
        *[sign_up(shop, "shared@example.com") for _ in range(10)],
    )

    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 19}
    names = {fault(answer)[2] for answer in answers if answer.status_code == 400}
    assert names <= {"username", "EmailAddress"}
    assert await count(shop) == 1


async def test_guests_share_an_address_and_one_holds_it(shop: Shop, database: Database) -> None:
    bodies = [{"emailAddress": spelling} for spelling in SPELLINGS for _ in range(3)]

    answers = await asyncio.gather(*[shop.post(ACCOUNTS, body) for body in bodies])

    assert {answer.status_code for answer in answers} == {201}
    assert await count(shop) == 30
    assert len(await holders(shop, database)) == 1


async def test_a_login_takes_the_address_from_guests_who_come_at_the_same_time(shop: Shop, database: Database) -> None:
    await shop.account(emailAddress="jo@example.com")

    answers = await asyncio.gather(
        *[shop.post(ACCOUNTS, {"emailAddress": "jo@example.com"}) for _ in range(10)],
        sign_up(shop, "JO@example.com"),
        *[shop.post(ACCOUNTS, {"emailAddress": "jo@example.com"}) for _ in range(10)],
    )

    assert {answer.status_code for answer in answers} == {201}
    (login,) = (answer.json()["customerAccount"] for answer in answers if "customerAccount" in answer.json())
    assert await holders(shop, database) == [login["id"]]


async def test_guests_who_move_to_one_address_at_once_all_may_and_one_holds_it(shop: Shop, database: Database) -> None:
    guests = [await shop.account() for _ in range(12)]

    answers = await asyncio.gather(
        *[shop.put(f"{ACCOUNTS}/{guest['id']}", {"emailAddress": "shared@example.com"}) for guest in guests]
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len(await holders(shop, database)) == 1


async def test_of_logins_who_move_to_one_address_at_once_one_wins(shop: Shop, database: Database) -> None:
    accounts = [(await sign_up(shop, f"jo{n}@example.com")).json()["customerAccount"] for n in range(12)]

    answers = await asyncio.gather(
        *[shop.put(f"{ACCOUNTS}/{account['id']}", {"emailAddress": "Shared@example.com"}) for account in accounts]
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 11}
    assert {tied(answer) for answer in answers if answer.status_code == 400} == {TIED}
    assert len(await holders(shop, database)) == 12


async def test_guests_who_register_at_once_with_one_address(shop: Shop, database: Database) -> None:
    guests = [await shop.account(emailAddress="shared@example.com") for _ in range(8)]

    async def register(account_id: int) -> httpx.Response:
        body = {"emailAddress": "shared@example.com", "password": PASSWORD}
        return await shop.post(f"{ACCOUNTS}/{account_id}/Create-Login", body)

    answers = await asyncio.gather(*[register(guest["id"]) for guest in guests])

    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 7}
    assert {fault(answer)[:2] for answer in answers if answer.status_code == 400} == {TIED[:2]}
    winner = next(answer.json()["customerAccount"]["id"] for answer in answers if answer.status_code == 201)
    assert await holders(shop, database) == [winner]


async def test_one_guest_registers_once_however_often_it_is_asked(shop: Shop) -> None:
    guest = await shop.account(emailAddress="jo@example.com")
    body = {"emailAddress": "jo@example.com", "password": PASSWORD}

    answers = await asyncio.gather(
        *[shop.post(f"{ACCOUNTS}/{guest['id']}/Create-Login", body) for _ in range(8)],
    )

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 7}


async def test_the_same_address_is_free_in_another_tenant(shop: Shop, other_shop: Shop) -> None:
    for one in (shop, other_shop):
        assert (await sign_up(one, "jo@example.com")).status_code == 201
        assert await count(one) == 1


async def test_an_address_that_was_given_up_is_free_again(shop: Shop) -> None:
    first = (await sign_up(shop, "jo@example.com")).json()["customerAccount"]
    second = (await sign_up(shop, "kim@example.com")).json()["customerAccount"]
    await shop.put(f"{ACCOUNTS}/{first['id']}", {**first, "emailAddress": "new@example.com"})

    moved = await shop.put(f"{ACCOUNTS}/{second['id']}", {**second, "emailAddress": "JO@example.com"})
    await shop.delete(f"{ACCOUNTS}/{second['id']}")

    assert moved.status_code == 200, moved.text
    assert (await sign_up(shop, "jo@example.com")).status_code == 201


async def test_many_rows_with_one_address_are_refused_together(shop: Shop) -> None:
    rows = [
        {"account": {"emailAddress": one}, "password": PASSWORD}
        for one in ("a@x.example", "A@X.example", "b@x.example")
    ]

    answer = await shop.post(f"{ACCOUNTS}/Bulk", rows)

    assert fault(answer)[:2] == TIED[:2]
    assert await count(shop) == 0
