"""A service that is asked about addresses: what it says counts, and without it the country's rules do."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio

from address_service import KEY, Service, accepted, component, error, service, to_fix
from addresses import AUSTIN, faults, validate
from password_hooks import answer
from patron.app import create_app
from patron.kernel.breaker import FAILURES_MAX
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Vault
from patron.settings import Settings
from patron.tenants import actions as tenants
from shoppers import set_policy
from shops import ACCOUNTS, Shop


@pytest_asyncio.fixture
async def private_http(settings: Settings, session_clock: Callable[[], datetime]) -> AsyncIterator[httpx.AsyncClient]:
    """The app as an operator runs it who allows services in the own network; a new one, so its breakers are closed."""
    app = create_app(replace(settings, private_hooks=True), session_clock)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as http,
    ):
        yield http


@pytest_asyncio.fixture
async def google() -> AsyncIterator[Service]:
    async with service() as one:
        yield one


async def ask(shop: Shop, settings: Settings, url: str, key: str = KEY) -> None:
    """Have the shop ask this service."""
    db, vault = shop.database.session(), Vault(settings.key)
    async with db.transaction():
        await tenants.set_address_provider(db, vault, _tells(shop), shop.tenant_id, "google", url=url, key=key)


def _tells(shop: Shop) -> Revocations:
    return Revocations(shop.database, lambda _: None)


@pytest_asyncio.fixture
async def asking(shop: Shop, private_http: httpx.AsyncClient, google: Service, settings: Settings) -> Shop:
    """A shop that asks the service."""
    other = Shop(private_http, shop.database, **{k: v for k, v in vars(shop).items() if k not in ("http", "database")})
    other.token = shop.token
    await ask(other, settings, google.url)
    return other


async def candidate(shop: Shop, /, **address: Any) -> dict[str, Any]:
    """The one candidate for an address."""
    given = await validate(shop, **address)
    assert given.status_code == 200, given.text
    (one,) = given.json()["addressCandidates"]
    return dict(one)


async def test_what_the_service_accepts_is_validated_and_spelled_as_it_does(asking: Shop, google: Service) -> None:
    google.says = lambda address: accepted(
        address | {"addressLines": ["1 Main St", "Apt 2"], "postalCode": "78701-1234", "locality": "Austin"}
    )

    found = await candidate(asking, address1="1 main street", address2="2", postalOrZipCode="78701", address3="n/a")

    assert google.asked == [
        {
            "regionCode": "US",
            "postalCode": "78701",
            "administrativeArea": "TX",
            "locality": "Austin",
            "addressLines": ["1 main street", "2"],
        }
    ]
    blank = {"address3": None, "address4": None}
    spelled = {"address2": "Apt 2", "postalOrZipCode": "78701-1234", "addressType": "Residential", "isValidated": True}
    assert found == AUSTIN | blank | spelled


async def test_what_the_service_would_write_in_another_way_is_a_candidate_but_not_validated(
    asking: Shop, google: Service
) -> None:
    postal_code = component("postal_code", "78701", replaced=True)
    google.says = lambda address: accepted(
        address | {"postalCode": "78701"}, component("locality", "Austin"), postal_code, action="CONFIRM"
    )

    found = await candidate(asking, postalOrZipCode="90210")  # the rules alone would refuse it

    assert (found["postalOrZipCode"], found["isValidated"]) == ("78701", False)


async def test_what_the_service_wants_mended_is_told_by_field(asking: Shop, google: Service) -> None:
    google.says = lambda address: to_fix(
        address,
        missingComponentTypes=["street_number", "postal_code"],
        unconfirmedComponentTypes=["route", "locality"],
        unresolvedTokens=["hm"],
    )

    assert faults(await validate(asking)) == {
        "address1": "lacks something (street_number)",
        "postalOrZipCode": "lacks something (postal_code)",
        "cityOrTown": "is not known to be there (locality)",
    }
    google.says = to_fix
    assert faults(await validate(asking)) == {"address1": "is not understood"}


@pytest.mark.parametrize(
    ("verdict", "is_validated"),
    [
        ({"action": "CONFIRM_ADD_SUBPREMISES"}, True),
        ({"action": None}, True),
        ({"action": None, "hasUnconfirmedComponents": True}, False),
        ({"action": None, "hasReplacedComponents": True}, False),
        ({"action": None, "addressComplete": False}, None),
        ({"action": None, "validationGranularity": "ROUTE"}, None),
        ({"action": "SOMETHING_NEW"}, False),
    ],
)
async def test_every_verdict_has_its_meaning(
    asking: Shop, google: Service, verdict: dict[str, Any], is_validated: bool | None
) -> None:
    google.says = lambda address: accepted(address, **verdict)

    given = await validate(asking)

    if is_validated is None:
        assert set(faults(given)) == {"address1"}
    else:
        assert given.json()["addressCandidates"][0]["isValidated"] is is_validated


async def test_the_rules_answer_where_the_service_cannot_know(asking: Shop, google: Service) -> None:
    found = await candidate(asking, countryCode="JP", stateOrProvince="Tokyo", postalOrZipCode="1000001")
    assert (found["postalOrZipCode"], found["isValidated"]) == ("100-0001", True)
    long = {f"address{n}": "x" * 100 for n in (1, 2, 3)}
    assert (await candidate(asking, **long))["isValidated"] is True
    assert len(google.asked) == 1  # the long one was not even sent

    for hopeless in ({"countryCode": "XX"}, {"address1": None}, {"addressType": "Castle"}, {"cityOrTown": "x" * 101}):
        faults(await validate(asking, **hopeless))
    assert len(google.asked) == 1


@pytest.mark.parametrize(
    "instead",
    [
        error(403, "PERMISSION_DENIED", "Not enabled."),
        error(429, "RESOURCE_EXHAUSTED", "Quota."),
        error(503, "UNAVAILABLE", "Later."),
        error(400, "INVALID_ARGUMENT", "API key not valid.", "API_KEY_INVALID"),
        answer("no JSON"),
        answer("[]"),
        answer('{"result": {"verdict": 7}}'),
        answer("[" * 50_000),
        answer('{"result": {}, "more": "' + "x" * 70_000 + '"}'),
        answer("", "302 Found", "Location: http://127.0.0.1/"),
        b"no HTTP at all\r\n\r\n",
        b"",
    ],
    ids=lambda instead: f"{instead[:40]!r} {len(instead)}",
)
async def test_whatever_is_no_answer_leaves_it_to_the_rules_and_opens_the_breaker(
    asking: Shop, google: Service, instead: bytes, clock: Any
) -> None:
    google.instead = instead
    for _ in range(FAILURES_MAX + 2):
        assert (await candidate(asking))["isValidated"] is True
    assert len(google.asked) == FAILURES_MAX

    google.instead, google.says = None, to_fix
    clock.advance(seconds=31)
    assert set(faults(await validate(asking))) == {"address1"}
    faults(await validate(asking))
    assert len(google.asked) == FAILURES_MAX + 2


async def test_a_service_that_says_nothing_keeps_nobody_waiting_for_long(
    asking: Shop, google: Service, settings: Settings, clock: Any
) -> None:
    google.is_silent = True

    assert (await candidate(asking))["isValidated"] is True  # after three seconds

    await ask(asking, settings, "http://127.0.0.1:1/nobody-there")
    assert (await candidate(asking))["isValidated"] is True


async def test_a_wrong_key_is_no_country_without_service(asking: Shop, google: Service, settings: Settings) -> None:
    await ask(asking, settings, google.url, key="wrong")

    for _ in range(FAILURES_MAX + 2):
        assert (await candidate(asking))["isValidated"] is True
    assert len(google.asked) == FAILURES_MAX


async def test_an_address_of_the_own_network_is_not_called(shop: Shop, google: Service, settings: Settings) -> None:
    await ask(shop, settings, google.url)

    assert (await candidate(shop))["isValidated"] is True

    assert google.asked == []


async def strictly(shop: Shop) -> str:
    """Have a shop that asks a service refuse wrong addresses. Answers the address book of a new account."""
    policy = await shop.database.session().value("select settings from tenant where id = $1", shop.tenant_id)
    await set_policy(shop, addresses=policy["addresses"] | {"strict": True})
    return f"{ACCOUNTS}/{(await shop.account())['id']}/contacts"


async def test_strict_asks_the_service_before_a_contact_is_written(asking: Shop, google: Service) -> None:
    book = await strictly(asking)

    made = await asking.post(book, {"address": AUSTIN})
    assert (made.status_code, made.json()["address"]["isValidated"]) == (201, True)
    google.says = lambda address: to_fix(address, unconfirmedComponentTypes=["route"])
    refused = await asking.post(book, {"address": AUSTIN})
    assert faults(refused) == {"address1": "is not known to be there (route)"}
    google.says = lambda address: accepted(address, component("locality", "Austin", replaced=True), action="CONFIRM")
    refused = await asking.post(book, {"address": AUSTIN | {"cityOrTown": "Dallas"}})
    assert faults(refused) == {"cityOrTown": "may be meant to have 'Austin'"}
    google.says = lambda address: accepted(address, action="CONFIRM")
    made = await asking.post(book, {"address": AUSTIN})
    assert (made.status_code, made.json()["address"]["isValidated"]) == (201, False)
    google.instead = error(503, "UNAVAILABLE", "Later.")
    made = await asking.post(book, {"address": AUSTIN})
    assert (made.status_code, made.json()["address"]["isValidated"]) == (201, True)


async def test_strict_asks_nobody_about_many_addresses_at_once(asking: Shop, google: Service) -> None:
    book = await strictly(asking)

    for count, asked in ((10, 10), (11, 10)):
        made = await asking.put(book, [{"address": AUSTIN}] * count)
        assert {one["address"]["isValidated"] for one in made.json()["items"]} == {True}
        assert len(google.asked) == asked


async def test_lenient_asks_nobody_when_a_contact_is_written(asking: Shop, google: Service) -> None:
    account = await asking.account(contacts=[{"address": AUSTIN | {"isValidated": True}}])

    assert account["contacts"][0]["address"]["isValidated"] is True
    assert google.asked == []


async def test_no_key_is_stored_in_clear_and_off_is_off(asking: Shop, google: Service, settings: Settings) -> None:
    db = asking.database.session()
    stored = "select settings::text from tenant where id = $1"
    assert KEY not in await db.value(stored, asking.tenant_id)
    await set_policy(
        asking,
        password={"length_min": 8},
        **await db.value("select settings from tenant where id = $1", asking.tenant_id),
    )

    async with db.transaction():
        await tenants.set_address_provider(db, Vault(settings.key), _tells(asking), asking.tenant_id, None)

    assert (await candidate(asking))["isValidated"] is True
    assert google.asked == []
    kept = await db.value("select settings from tenant where id = $1", asking.tenant_id)
    assert kept == {"password": {"length_min": 8}, "addresses": {"provider": None}}
