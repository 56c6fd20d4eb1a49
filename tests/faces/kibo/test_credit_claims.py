"""Credits in the hands of shoppers: claiming one by its code, and the mails about it (Kibo behaviour 11)."""

import pytest

from credit_cards import CONFLICT, FORBIDDEN, MISSING, adds_up, credit_of, customers_balance, move
from patron.settings import Settings
from shoppers import anonymous, mails, set_policy
from shops import CREDITS, Shop, fault
from stage import Clock


async def test_an_unclaimed_credit_becomes_the_shoppers(shop: Shop) -> None:
    ticket = await shop.shopper()
    account_id = ticket["customerAccount"]["id"]
    await credit_of(shop, 25, code="Card-1")

    claimed = await shop.put(f"{CREDITS}/card-1/associate-to-shopper", shopper=ticket["accessToken"])
    again = await shop.put(f"{CREDITS}/Card-1/associate-to-shopper", shopper=ticket["accessToken"])

    assert (claimed.status_code, claimed.json()["customerId"]) == (200, account_id)
    assert (again.status_code, again.json(), again.headers["etag"]) == (
        200,
        claimed.json(),
        claimed.headers["etag"],
    )
    assert await customers_balance(shop, account_id) == [account_id]
    assert await adds_up(shop)


async def test_a_credit_of_somebody_else_stays_there(shop: Shop) -> None:
    mine, other = await shop.shopper(), await shop.shopper()
    await credit_of(shop, code="c", customerId=other["customerAccount"]["id"])

    assert fault(await shop.put(f"{CREDITS}/c/associate-to-shopper", shopper=mine["accessToken"])) == CONFLICT
    assert (await shop.get(f"{CREDITS}/c")).json()["customerId"] == other["customerAccount"]["id"]


async def test_only_a_shopper_with_an_account_claims(shop: Shop) -> None:
    await credit_of(shop, code="c")
    path = f"{CREDITS}/c/associate-to-shopper"

    assert fault(await shop.put(path))[:2] == (401, "UNAUTHORIZED")
    assert fault(await shop.put(path, shopper=(await anonymous(shop))["accessToken"])) == FORBIDDEN
    assert (await shop.get(f"{CREDITS}/c")).json()["customerId"] is None


async def test_a_claim_of_an_older_version_is_refused(shop: Shop) -> None:
    token = (await shop.shopper())["accessToken"]
    await credit_of(shop, code="c")

    answer = await shop.put(f"{CREDITS}/c/associate-to-shopper", shopper=token, headers={"If-Match": '"0"'})

    assert fault(answer) == (412, "PRECONDITION_FAILED", None)


async def test_nobody_goes_on_guessing_codes(shop: Shop, clock: Clock) -> None:
    guesser, other = (await shop.shopper())["accessToken"], await shop.shopper()
    await credit_of(shop, code="theirs", customerId=other["customerAccount"]["id"])
    await credit_of(shop, code="free")
    for n in range(9):
        answer = await shop.put(f"{CREDITS}/guess-{n}/associate-to-shopper", shopper=guesser)
        assert fault(answer) == MISSING
    assert fault(await shop.put(f"{CREDITS}/theirs/associate-to-shopper", shopper=guesser)) == CONFLICT

    refused = await shop.put(f"{CREDITS}/free/associate-to-shopper", shopper=guesser)

    assert fault(refused) == (429, "TOO_MANY_REQUESTS", None)
    assert int(refused.headers["retry-after"]) > 0
    token = other["accessToken"]
    assert (await shop.put(f"{CREDITS}/theirs/associate-to-shopper", shopper=token)).status_code == 200
    clock.advance(hours=1, minutes=1)
    guesser = (await shop.shopper())["accessToken"]
    assert (await shop.put(f"{CREDITS}/free/associate-to-shopper", shopper=guesser)).status_code == 200


async def kinds(shop: Shop, settings: Settings) -> list[str]:
    return [mail.kind for mail, _ in await mails(shop, settings)]


@pytest.mark.parametrize(
    ("credit_type", "kind"), [("StoreCredit", "storeCreditCreated"), ("GiftCard", "giftCardCreated")]
)
async def test_the_customer_hears_of_a_new_credit(shop: Shop, settings: Settings, credit_type: str, kind: str) -> None:
    customer = await shop.account()
    await credit_of(shop, 25, code="Card-1", creditType=credit_type, customerId=customer["id"])

    (found,) = [(mail, body) for mail, body in await mails(shop, settings) if mail.kind == kind]

    assert found[0].recipient == customer["emailAddress"]
    assert "25.00 USD" in found[1].text
    assert "Card-1" in found[1].text


async def test_the_customer_hears_of_what_the_shop_changes_and_not_of_the_own_purchases(
    shop: Shop, settings: Settings
) -> None:
    customer = await shop.account()
    await credit_of(shop, 25, code="c")
    assert await kinds(shop, settings) == []
    await shop.put(f"{CREDITS}/c", {"customerId": customer["id"]})
    await move(shop, "c", "Credit", 5)
    await move(shop, "c", "Debit", 5)
    await shop.put(f"{CREDITS}/c", {"expirationDate": "2090-01-01"})
    await shop.put(f"{CREDITS}/c", {"expirationDate": "2090-01-01"})

    assert sorted(await kinds(shop, settings)) == ["storeCreditCreated", "storeCreditUpdated", "storeCreditUpdated"]


async def test_the_first_mail_is_sent_again(shop: Shop, settings: Settings) -> None:
    ticket, stranger = await shop.shopper(), await shop.shopper()
    await credit_of(shop, 25, code="c", creditType="GiftCard", customerId=ticket["customerAccount"]["id"])
    await credit_of(shop, 25, code="free")
    path = f"{CREDITS}/c/Resend-Email"

    for query in ({}, {"userId": ticket["userId"]}):
        answer = await shop.put(path, params=query)
        assert (answer.status_code, answer.content) == (200, b"")

    assert (await kinds(shop, settings)).count("giftCardCreated") == 3
    assert fault(await shop.put(path, params={"userId": stranger["userId"]})) == MISSING
    assert fault(await shop.put(f"{CREDITS}/free/Resend-Email")) == CONFLICT


async def test_a_user_who_is_not_the_customers_gets_no_mail_and_no_credit_is_made(shop: Shop) -> None:
    ticket, stranger = await shop.shopper(), await shop.shopper()
    body = {"initialBalance": 5, "customerId": ticket["customerAccount"]["id"]}

    assert fault(await shop.post(CREDITS, body, params={"userId": stranger["userId"]})) == MISSING
    assert (await shop.post(CREDITS, body, params={"userId": ticket["userId"]})).status_code == 201
    assert (await shop.get(CREDITS)).json()["totalCount"] == 1


async def test_a_shop_can_keep_these_mails_to_itself(shop: Shop, settings: Settings) -> None:
    await set_policy(shop, suppressed_mails=["giftCardCreated"])
    customer = await shop.account()

    await credit_of(shop, creditType="GiftCard", customerId=customer["id"])

    assert await kinds(shop, settings) == []
