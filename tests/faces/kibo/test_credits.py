"""Credits: made, read, changed, removed (Kibo behaviour 11)."""

from shops import CREDITS, Shop


async def test_a_credit_is_kept_as_it_was_given(shop: Shop) -> None:
    customer = await shop.account()
    given = {
        "code": "Spring-7",
        "creditType": "GiftCard",
        "customCreditType": "Spring",
        "currencyCode": "USD",
        "initialBalance": 50.25,
        "customerId": customer["id"],
        "activationDate": "2026-01-01T00:00:00.000Z",
        "expirationDate": "2090-01-01T00:00:00.000Z",
    }

    created = await shop.post(CREDITS, given)

    assert created.status_code == 201, created.text
    assert given.items() <= created.json().items()
    assert (created.json()["currentBalance"], created.json()["creditTypeId"]) == (50.25, 1)
    assert (await shop.get(f"{CREDITS}/SPRING-7")).json() == created.json()
