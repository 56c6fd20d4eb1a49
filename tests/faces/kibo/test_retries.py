"""Retries are safe: Idempotency-Key, and ETag with If-Match and If-None-Match (DESIGN 3.3)."""

import asyncio
from typing import Any

import pytest

from patron.kernel.clock import clock as real_clock
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from patron.kibo.operations import OPERATIONS
from patron.tenants import actions as tenants
from patron.tenants.model import BEHAVIORS
from shops import ACCOUNTS, TICKETS, Shop, fault
from stage import Clock

STALE = (412, "PRECONDITION_FAILED", None)
REUSED = (422, "IDEMPOTENCY_KEY_REUSED", None)


def key(text: str) -> dict[str, Any]:
    """A request's key."""
    return {"headers": {"Idempotency-Key": text}}


async def count(shop: Shop, path: str = ACCOUNTS) -> int:
    """How many there are."""
    return int((await shop.get(path)).json()["totalCount"])


async def test_the_same_key_and_body_give_the_stored_answer_and_no_second_row(shop: Shop) -> None:
    body = {"firstName": "Jo", "emailAddress": "jo@example.com"}
    first = await shop.post(ACCOUNTS, body, **key("order-1"))
    await shop.put(f"{ACCOUNTS}/{first.json()['id']}", {"firstName": "Changed"})

    again = await shop.post(ACCOUNTS, body, **key("order-1"))

    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["x-vol-correlation"] != first.headers["x-vol-correlation"]
    assert await count(shop) == 1


async def test_contacts_and_notes_are_added_once(shop: Shop) -> None:
    account = await shop.account()
    for path, body in (("contacts", {"firstName": "Kim"}), ("notes", {"content": "Likes tea"})):
        one = f"{ACCOUNTS}/{account['id']}/{path}"
        answers = [await shop.post(one, body, **key(path)) for _ in range(3)]
        assert {answer.content for answer in answers} == {answers[0].content}
        assert await count(shop, one) == 1


async def test_the_same_key_with_another_request_is_refused(shop: Shop) -> None:
    body = {"firstName": "Jo"}
    await shop.post(ACCOUNTS, body, **key("k"))

    for path, other, params in (
        (ACCOUNTS, {"firstName": "Kim"}, {}),
        (ACCOUNTS, body, {"responseFields": "id"}),
        (f"{ACCOUNTS}/7/notes", body, {}),
        (f"{ACCOUNTS}/7/contacts", body, {}),
    ):
        assert fault(await shop.post(path, other, params=params, **key("k"))) == REUSED
    assert await count(shop) == 1
    assert (await shop.post(ACCOUNTS, body, **key("k"))).status_code == 201


async def test_twins_at_the_same_time_make_one_change(shop: Shop) -> None:
    for n in range(5):
        twins = [shop.post(ACCOUNTS, {"firstName": f"Twin {n}"}, **key(f"twin-{n}")) for _ in range(8)]
        answers = await asyncio.gather(*twins)
        assert {answer.status_code for answer in answers} == {201}
        assert {answer.content for answer in answers} == {answers[0].content}
        assert await count(shop) == n + 1


async def test_twins_that_differ_make_one_change_and_the_others_are_refused(shop: Shop) -> None:
    answers = await asyncio.gather(*[shop.post(ACCOUNTS, {"firstName": f"{n}"}, **key("k")) for n in range(8)])

    assert sorted(answer.status_code for answer in answers) == [201, *[422] * 7]
    assert await count(shop) == 1


async def test_a_request_that_failed_may_be_sent_again(shop: Shop) -> None:
    refused = await shop.post(ACCOUNTS, {"emailAddress": "no address"}, **key("k"))
    missing = await shop.post(f"{ACCOUNTS}/999999999/notes", {"content": "x"}, **key("k"))
    made = await shop.post(ACCOUNTS, {"emailAddress": "jo@example.com"}, **key("k"))

    assert (refused.status_code, missing.status_code, made.status_code) == (400, 404, 201)
    assert await count(shop) == 1


async def test_a_key_is_forgotten_after_a_day(shop: Shop, clock: Clock) -> None:
    first = await shop.post(ACCOUNTS, {"firstName": "Jo"}, **key("k"))
    clock.advance(hours=23, minutes=59)
    shop.token = await shop.sign_in()
    again = await shop.post(ACCOUNTS, {"firstName": "Jo"}, **key("k"))
    clock.advance(minutes=2)
    later = await shop.post(ACCOUNTS, {"firstName": "Kim"}, **key("k"))

    assert again.content == first.content
    assert later.status_code == 201
    assert later.json()["id"] != first.json()["id"]
    assert (await shop.post(ACCOUNTS, {"firstName": "Kim"}, **key("k"))).content == later.content


async def test_an_answer_with_a_token_is_kept_for_ten_minutes_and_never_in_clear(
    shop: Shop, clock: Clock, database: Database
) -> None:
    body = {"account": {"emailAddress": "jo@example.com"}, "password": "Correct-horse-7"}
    path = f"{ACCOUNTS}/Add-Account-And-Login"
    first = await shop.post(path, body, **key("k"))
    clock.advance(minutes=9)
    again = await shop.post(path, body, **key("k"))
    row = await database.session().row("select * from idempotency_key where tenant_id = $1", shop.tenant_id)

    assert again.content == first.content
    assert row is not None
    stored = repr(dict(row))
    for secret in (first.json()["refreshToken"], first.json()["accessToken"], "Correct-horse-7", "jo@example.com"):
        assert secret not in stored
    clock.advance(minutes=2)
    assert fault(await shop.post(path, body, **key("k"))) == (400, "MISSING_OR_INVALID_PARAMETER", "EmailAddress")


async def test_a_key_belongs_to_its_caller(shop: Shop, other_shop: Shop) -> None:
    ticket = await shop.shopper()
    body = {"firstName": "Jo"}
    second = await another_application(shop)
    answers = [
        await shop.post(ACCOUNTS, body, **key("k")),
        await second.post(ACCOUNTS, body, **key("k")),
        await other_shop.post(ACCOUNTS, body, **key("k")),
        await shop.post(f"{ACCOUNTS}/{ticket['customerAccount']['id']}/contacts", body, **key("k2")),
        await shop.post(
            f"{ACCOUNTS}/{ticket['customerAccount']['id']}/contacts", body, shopper=ticket["accessToken"], **key("k2")
        ),
    ]

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 5


async def another_application(shop: Shop) -> Shop:
    """Another application of the same tenant."""
    name, secret = f"{random_token(6)}.app.1.0.0.Release", random_token()
    await tenants.create_application(
        shop.database.session(),
        shop.tenant_id,
        client_id=name,
        name="Back office",
        secret=secret,
        behaviors=BEHAVIORS,
        site_id=shop.site_id,
        now=real_clock(),
    )
    facts = {"tenant_id": shop.tenant_id, "site_id": shop.site_id, "client_id": name, "client_secret": secret}
    other = Shop(shop.http, shop.database, **facts)
    other.token = await other.sign_in()
    return other


@pytest.mark.parametrize("text", ["", " ", "a b", "é", "x" * 256, "a\tb"])
async def test_a_key_that_is_none_is_refused_by_name(shop: Shop, text: str) -> None:
    answer = await shop.call("POST", ACCOUNTS, json={}, headers={"Idempotency-Key": text.encode("latin-1")})

    assert fault(answer) == (400, "MISSING_OR_INVALID_PARAMETER", "Idempotency-Key")
    assert await count(shop) == 0


def test_every_post_that_changes_data_takes_a_key() -> None:
    without = {o.key for o in OPERATIONS if o.method == "POST" and o.changes and o.replays == "no"}
    assert without == {
        "StorefrontAuthTicket.createUserAuthTicket",
        "StorefrontAuthTicket.validate2FAAndCreateAuthTicket",
        "StorefrontAuthTicket.validateOtpAndCreateAuthTicket",
    }
    assert {o.key for o in OPERATIONS if o.method != "POST" and o.replays != "no"} == set()


def test_an_answer_with_a_token_is_kept_as_a_secret() -> None:
    secret = {o.key for o in OPERATIONS if o.replays == "secret"}
    assert secret == {
        "CustomerAccount.addAccountAndLogin",
        "CustomerAccount.addLoginToExistingCustomer",
        "CustomerAccount.addSecondFactor",
        "CustomerAccount.confirmSecondFactor",
        "CustomerAccount.renewRecoveryCodes",
        "StorefrontAuthTicket.impersonateCart",
    }


class Thing:
    """A single resource under test: where it is, and what may be written to it."""

    def __init__(self, shop: Shop, path: str, body: dict[str, Any]) -> None:
        self.shop, self.path, self.body = shop, path, body

    async def etag(self) -> str:
        """Its version."""
        answer = await self.shop.get(self.path)
        assert answer.status_code == 200
        return str(answer.headers["etag"])

    async def put(self, etag: str, **body: Any) -> Any:
        """Write it, if it is still the one with this ETag."""
        return await self.shop.put(self.path, self.body | body, headers={"If-Match": etag})


@pytest.fixture(params=["account", "contact", "note"])
async def thing(request: pytest.FixtureRequest, shop: Shop) -> Thing:
    """An account, a contact, a note."""
    account = await shop.account()
    one = f"{ACCOUNTS}/{account['id']}"
    if request.param == "account":
        return Thing(shop, one, {"firstName": "Jo"})
    path, body = {"contact": ("contacts", {"firstName": "Kim"}), "note": ("notes", {"content": "tea"})}[request.param]
    made = await shop.post(f"{one}/{path}", body)
    assert made.headers["etag"] == '"1"'
    return Thing(shop, f"{one}/{path}/{made.json()['id']}", body)


async def test_a_write_for_the_version_that_was_read_is_taken(thing: Thing) -> None:
    etag = await thing.etag()

    answer = await thing.put(etag)

    assert answer.status_code == 200
    assert answer.headers["etag"] != etag
    assert answer.headers["etag"] == await thing.etag()


async def test_a_write_for_an_older_version_is_refused(thing: Thing) -> None:
    old = await thing.etag()
    await thing.put(old)
    now = await thing.shop.get(thing.path)

    assert fault(await thing.put(old)) == STALE
    assert fault(await thing.shop.delete(thing.path, headers={"If-Match": old})) == STALE
    after = await thing.shop.get(thing.path)
    assert (after.content, after.headers["etag"]) == (now.content, now.headers["etag"])


async def test_of_many_writers_with_one_version_one_wins(thing: Thing) -> None:
    etag = await thing.etag()

    answers = await asyncio.gather(*[thing.put(etag) for _ in range(8)])

    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 7]


@pytest.mark.parametrize("given", ['"999"', '"x"', "x", '""', '"1', "7", '"-1"', '"99999999999999999999"', ","])
async def test_what_names_no_version_of_ours_matches_none(thing: Thing, given: str) -> None:
    assert fault(await thing.put(given)) == STALE


async def test_any_version_and_one_of_several_will_do(thing: Thing) -> None:
    for given in ("*", " * ", '"77", {etag}', "W/{etag}", '{etag},"77"'):
        answer = await thing.put(given.format(etag=await thing.etag()))
        assert answer.status_code == 200, given


async def test_a_delete_for_the_current_version_is_taken(thing: Thing) -> None:
    etag = await thing.etag()

    assert (await thing.shop.delete(thing.path, headers={"If-Match": etag})).status_code == 204
    assert fault(await thing.shop.delete(thing.path, headers={"If-Match": etag}))[0] == 404


async def test_what_is_known_is_not_sent_again(thing: Thing) -> None:
    etag = await thing.etag()

    known = await thing.shop.get(thing.path, headers={"If-None-Match": etag})
    weak = await thing.shop.get(thing.path, headers={"If-None-Match": f'"0", W/{etag}'})
    other = await thing.shop.get(thing.path, headers={"If-None-Match": '"0"'})

    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag)
    assert weak.status_code == 304
    assert other.status_code == 200
    await thing.put("*")
    assert (await thing.shop.get(thing.path, headers={"If-None-Match": etag})).status_code == 200


async def test_a_changed_child_changes_the_version_of_its_account(shop: Shop) -> None:
    account = await shop.account()
    one = f"{ACCOUNTS}/{account['id']}"
    versions = [(await shop.get(one)).headers["etag"]]
    contact = await shop.contact(account["id"])
    note = (await shop.post(f"{one}/notes", {"content": "tea"})).json()
    for method, path, body in (
        ("PUT", f"{one}/contacts/{contact['id']}", {"firstName": "Jo"}),
        ("PUT", f"{one}/contacts", [{"firstName": "Jo"}]),
        ("PUT", f"{one}/notes/{note['id']}", {"content": "coffee"}),
        ("DELETE", f"{one}/notes/{note['id']}", None),
        ("DELETE", f"{one}/contacts/{contact['id']}", None),
        ("POST", f"{one}/action", {"actionName": "DisableAccount"}),
    ):
        assert (await shop.call(method, path, json=body)).status_code < 300
        versions.append((await shop.get(one)).headers["etag"])

    assert len(set(versions)) == len(versions)


async def test_a_ticket_is_never_stored_for_a_sign_in(shop: Shop, database: Database) -> None:
    await shop.shopper(emailAddress="jo@example.com")
    body = {"username": "jo@example.com", "password": "Correct-horse-7"}

    first = await shop.post(TICKETS, body, **key("k"))
    second = await shop.post(TICKETS, body, **key("k"))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["refreshToken"] != second.json()["refreshToken"]
    kept = "select count(*) from idempotency_key where tenant_id = $1"
    assert await database.session().value(kept, shop.tenant_id) == 0
