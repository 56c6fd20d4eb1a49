"""Which events the second face knows by a name of its own, whichever face made them happen."""

from typing import Any

from listeners import webhook
from organizations import Organization
from patron.jsonapi import ids
from patron.kernel.events import UNNAMED
from patron.settings import Settings
from patron.webhooks.topics import DIALECT_SOURCES, KIBO_TOPICS, kibo_topic
from shoppers import reset_token
from shops import ACCOUNTS, VISITS, Shop
from statements import Counting, Watch

NEW = "Another-42-word"
ORDER = {"transactionType": "Order", "amount": 5}


async def happened(organization: Organization, name: str) -> list[Any]:
    """The events of a name."""
    answer = await organization.get(f"events?filter[q][name_eq]={name}&page[size]=25")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


async def steps(organization: Organization) -> tuple[int, int]:
    """How many customers have bought for the first time, and how many again."""
    acquired = await happened(organization, "customers.acquired")
    return len(acquired), len(await happened(organization, "customers.repeat"))


async def recorded(shop: Shop, *visits: dict[str, Any]) -> None:
    answer = await shop.post(f"{VISITS}/batch", list(visits))
    assert answer.status_code == 201, answer.text


async def test_a_reset_that_sets_a_password_has_a_topic(organization: Organization) -> None:
    await organization.create("customers", email="jo@example.com", password="Secret-42-word")
    reset = await organization.create("customer_password_resets", customer_email="jo@example.com")
    given = {"customer_password": NEW, "_reset_password_token": "0" * 40}
    assert (await organization.patch("customer_password_resets", reset["id"], given)).status_code == 422
    assert await happened(organization, "customer_password_resets.reset_password") == []

    given["_reset_password_token"] = reset["attributes"]["reset_password_token"]
    assert (await organization.patch("customer_password_resets", reset["id"], given)).status_code == 200
    assert len(await happened(organization, "customer_password_resets.reset_password")) == 1


async def test_so_has_one_that_was_mailed_but_not_another_change(
    organization: Organization, settings: Settings
) -> None:
    shop = organization.shop
    ticket = await shop.shopper(emailAddress="jo@example.com")
    changed = await shop.post(f"{ACCOUNTS}/{ticket['customerAccount']['id']}/Change-Password", {"newPassword": NEW})
    assert changed.status_code == 200, changed.text
    assert await happened(organization, "customer_password_resets.reset_password") == []

    token = await reset_token(shop, settings, emailAddress="jo@example.com")
    given = {"userName": "jo@example.com", "confirmationCode": token, "newPassword": "Third-horse-9"}
    assert (await shop.post(f"{ACCOUNTS}/Update-Forgotten-Password", given)).status_code == 200
    (event,) = await happened(organization, "customer_password_resets.reset_password")
    (reset,) = (await organization.get("customer_password_resets")).json()["data"]
    assert reset["attributes"]["reset_password_at"] == event["attributes"]["created_at"]


async def test_orders_that_come_with_visits_acquire_customers_in_a_fixed_number_of_statements(
    organization: Organization, statements: Watch
) -> None:
    shop = organization.shop
    some = [await shop.account() for _ in range(12)]

    def visits(accounts: list[dict[str, Any]], orders: int) -> list[dict[str, Any]]:
        return [{"accountId": one["id"], "type": "Website", "transactions": [ORDER] * orders} for one in accounts]

    await recorded(shop, {"type": "Website"})  # makes room for the month
    with Counting(statements) as of_one:
        await recorded(shop, *visits(some[:1], 1))
    assert await steps(organization) == (1, 0)
    with Counting(statements) as of_ten:
        await recorded(shop, *visits(some[1:11], 1))
    assert await steps(organization) == (11, 0)
    assert len(of_ten.heard) == len(of_one.heard)
    await recorded(shop, *visits(some[:3], 1), *visits(some[11:], 2))
    assert await steps(organization) == (12, 4)
    await recorded(shop, *visits(some[:3], 1))
    assert await steps(organization) == (12, 4)
    own = await organization.get(f"customers/{ids.shown(some[0]['id'])}/events?filter[q][name_end]=repeat")
    (event,) = own.json()["data"]
    assert event["attributes"]["name"] == "customers.repeat"


async def test_an_order_that_is_put_right_with_its_visit_is_not_another_first_one(organization: Organization) -> None:
    shop = organization.shop
    account = await shop.account()
    made = await shop.post(VISITS, {"accountId": account["id"], "type": "Website", "transactions": [ORDER]})
    assert made.status_code == 201, made.text
    changed = made.json()
    changed["transactions"] = [{**changed["transactions"][0], "amount": 7}]
    put = await shop.put(f"{VISITS}/{changed['id']}", changed)
    assert put.status_code == 200, put.text
    assert await steps(organization) == (1, 0)
    changed["transactions"] = [*changed["transactions"], ORDER]
    assert (await shop.put(f"{VISITS}/{changed['id']}", changed)).status_code == 200
    assert await steps(organization) == (1, 1)


async def test_sign_ins_wait_for_no_webhook_that_does_not_know_them(organization: Organization) -> None:
    """A wrong password writes the same for a webhook of this face as without one."""
    assert [topic for topic in UNNAMED if f"'{topic}'" in DIALECT_SOURCES or kibo_topic(topic, "") in KIBO_TOPICS] == []
    db, tenant = organization.shop.database.session(), organization.shop.tenant_id
    waiting = "select count(*) from event_outbox o where o.tenant_id = $1"
    await organization.create("customers", email="jo@example.com", password="Secret-42-word")
    await organization.create("webhooks", **webhook("customers.create", "https://127.0.0.1:9/"))
    before = await db.value(waiting, tenant)
    wrong = {"grant_type": "password", "client_id": organization.channel, "scope": organization.scope}
    answer = await organization.ask_token(**wrong, username="jo@example.com", password="wrong")
    assert answer.status_code == 401, answer.text
    failed = "select count(*) from event e where e.tenant_id = $1 and e.topic = 'login.failed'"
    assert await db.value(failed, tenant) == 1
    assert await db.value(waiting, tenant) == before

    await db.execute("update webhook set kind = 'standard', topics = '{*}' where tenant_id = $1", tenant)
    assert (await organization.ask_token(**wrong, username="jo@example.com", password="wrong")).status_code == 401
    assert await db.value(waiting, tenant) == before + 1
