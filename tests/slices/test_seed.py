"""Made-up customers: the same for a seed, and in the database just as if they had signed up themselves."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import msgspec
import pytest
import pytest_asyncio

from attribute_samples import definition, details, list_of
from ledgers import drifts
from patron.accounts import queries as accounts
from patron.accounts.model import AUDITED, Profile, keys
from patron.accounts.model import checked as checked_profile
from patron.attributes.model import FAMILIES, Label, Word
from patron.attributes.model import Details as AttributeDetails
from patron.attributes.queries import DEFINITION, read_definition
from patron.attributes.values import checked as checked_values
from patron.contacts.model import Details
from patron.contacts.model import checked as checked_contact
from patron.contacts.model import paths as contact_paths
from patron.credits.model import Credit, New
from patron.credits.model import Details as CreditDetails
from patron.credits.model import checked as checked_credit
from patron.credits.model import paths as credit_paths
from patron.credits.queries import COLUMNS as CREDIT
from patron.customers import queries as customers
from patron.demo import catalogue, seeding
from patron.demo.choices import Choices, pool_of
from patron.demo.drawing import BLOCK, people
from patron.demo.people import Person
from patron.kernel import events
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.kernel.definitions import Validation
from patron.kernel.values import from_minor
from patron.logins import queries as logins
from patron.notes.model import checked as checked_note
from patron.tenants import queries as tenants
from patron.transactions import queries as transactions
from patron.transactions.model import stored, summed
from seeded import NOW, PASSWORD, Seeded, everybody, prepared
from shops import ACCOUNTS, TICKETS

NOTHING = Choices((), ())
NUMBERS = msgspec.json.Decoder(float_hook=Decimal)
COUNT = 600


def drawn(seed: int, start: int, end: int) -> list[Person]:
    return list(people(seed, start, end, NOW, NOTHING))


def test_a_seed_gives_the_same_customers_each_time() -> None:
    assert drawn(5, 0, 300) == drawn(5, 0, 300)
    assert drawn(5, 0, 300)[250:] == drawn(5, 250, 300)
    assert drawn(5, BLOCK, BLOCK + 5) == drawn(5, BLOCK, BLOCK + 9)[:5]


def test_what_a_seed_gives_never_changes() -> None:
    one = drawn(1, 0, 3)[2]
    assert (one.first_name, one.last_name, one.country) == ("Arthur", "Taylor", "GB")
    assert one.email == "arthur.taylor2@mail.example"
    assert (one.contacts[0].line_1, one.contacts[0].postal_code) == ("56 Manor Road", "E8 5JB")


def test_seeds_share_nobody() -> None:
    some = [*drawn(1, 0, BLOCK), *drawn(2, 0, BLOCK), *drawn(12, 0, BLOCK), *drawn(1, BLOCK, 2 * BLOCK)]
    for unique in ("email", "external_id"):
        assert len({getattr(person, unique).lower() for person in some}) == len(some), unique
    for of_logins in ("user_id", "user_name"):
        found = [value.lower() for person in some if (value := getattr(person, of_logins))]
        assert len(set(found)) == len(found), of_logins


def test_nine_in_ten_have_a_login_and_a_last_name() -> None:
    some = drawn(3, 0, BLOCK)
    assert sum(person.user_id is not None and person.last_name is not None for person in some) == BLOCK * 9 // 10
    assert sum(person.user_id is None and person.last_name is None for person in some) == BLOCK // 10


def test_customers_are_of_several_countries_and_believable() -> None:
    some = drawn(3, 0, BLOCK)
    countries = Counter(person.country for person in some)
    assert set(countries) == {"US", "GB", "DE", "CA", "FR", "ES", "IT", "NL", "JP", "MX"}
    assert countries.most_common(1)[0][0] == "US"
    for person in some:
        assert NOW - timedelta(days=5 * 366) < person.created_at < NOW
        assert all(person.created_at <= deed.at <= NOW for deed in person.deeds)
        assert all(entry.country == person.country and "#" not in entry.postal_code for entry in person.contacts)
        assert sum(entry.is_primary_billing for entry in person.contacts) <= 1
        assert sum(entry.is_primary_shipping for entry in person.contacts) <= 1
    for part in ("contacts", "notes", "deeds", "company"):
        assert 0 < sum(bool(getattr(person, part)) for person in some) < BLOCK, part


HIDDEN = [Word(value="old", label=Label("en-US", "Old"), is_hidden=True)]
LATE = datetime(2090, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("odd", "is_met"),
    [
        (details(), True),
        (details(validation=Validation(pattern="[0-9]{4}")), False),
        (details(validation=Validation(length_min=3000)), False),
        (list_of(vocabulary=HIDDEN), False),
        (list_of("2", "3.5", data_type="Number"), True),
        (details(data_type="Number", validation=Validation(number_max=Decimal(-5))), False),
        (details(data_type="Number", validation=Validation(number_min=Decimal("9.5"))), True),
        (details(data_type="DateTime", validation=Validation(time_min=LATE)), False),
        (details(data_type="DateTime", validation=Validation(time_min=NOW - timedelta(days=9), time_max=NOW)), True),
    ],
)
def test_a_definition_that_is_hard_to_meet_is_met_or_left_alone(odd: AttributeDetails, is_met: bool) -> None:
    made = definition(odd)
    values = [NUMBERS.decode(value.values) for value in pool_of(made).values]
    assert bool(values) == is_met
    assert [checked_values(made, one) for one in values] == values


@pytest_asyncio.fixture(scope="module")
async def seeded(http: httpx.AsyncClient, database: Database) -> Seeded:
    """A tenant with the first 600 customers of a seed."""
    made = await prepared(http, database)
    assert await made.seed(COUNT) == COUNT
    await catalogue.add_rules(made.ctx)
    return made


@pytest_asyncio.fixture
async def empty(http: httpx.AsyncClient, database: Database) -> Seeded:
    """A tenant without customers."""
    return await prepared(http, database)


async def test_stored_keys_are_those_of_a_sign_up(seeded: Seeded) -> None:
    rows = await seeded.ctx.db.fetch("select * from account where tenant_id = $1", seeded.ctx.tenant_id)
    assert len(rows) == COUNT
    for row in rows:
        profile = Profile(**{name: row[name] for name in Profile.__struct_fields__})
        assert checked_profile(profile) == profile
        assert {name: row[name] for name in keys(profile, None)} == keys(profile, row["user_name"])
        assert row["holds_email"]
        assert row["is_anonymous"] == (row["user_id"] is None)


async def test_stored_sums_are_those_of_the_transactions(seeded: Seeded) -> None:
    found = await everybody(seeded.ctx)
    for account in found:
        assert stored(account) == summed(await transactions.groups(seeded.ctx, account.id), account.order_currency)
    assert sum(account.order_count for account in found) > COUNT


async def test_counters_are_the_counts(seeded: Seeded) -> None:
    assert await accounts.total(seeded.ctx) == COUNT
    assert await accounts.total(seeded.ctx, is_anonymous=True) == COUNT // 10
    assert await seeded.value("select count(*) from account where tenant_id = $1") == COUNT
    assert await seeded.value("select count(*) from account where tenant_id = $1 and is_anonymous") == COUNT // 10


async def test_every_login_is_found_by_its_user_name_and_by_its_address(seeded: Seeded) -> None:
    registered = [account for account in await everybody(seeded.ctx) if account.has_login]
    assert len(registered) == COUNT * 9 // 10
    assert any(account.user_name != account.email for account in registered)
    for account in registered:
        for name in (account.user_name, account.email, (account.email or "").upper()):
            login = await logins.by_name(seeded.ctx, account.customer_set, name or "")
            assert login is not None
            assert (login.account_id, login.user_id) == (account.id, account.user_id)


async def test_contacts_and_notes_are_such_as_the_actions_would_write(seeded: Seeded) -> None:
    found = await customers.with_children(seeded.ctx, await everybody(seeded.ctx))
    contacts = [contact for customer in found for contact in customer.contacts or ()]
    assert len(contacts) > COUNT
    for contact in contacts:
        wrote = Details(**{name: getattr(contact, name) for name in Details.__struct_fields__})
        assert checked_contact(wrote) == wrote
    notes = [note for customer in found for note in customer.notes or ()]
    assert notes
    assert [checked_note(note.content) for note in notes] == [note.content for note in notes]


async def test_attributes_are_such_as_their_definitions_take(seeded: Seeded) -> None:
    rows = await seeded.ctx.db.fetch(
        f"select {DEFINITION} from attribute_definition f where f.tenant_id = $1", seeded.ctx.tenant_id
    )
    definitions = {one.id: one for one in map(read_definition, rows)}
    assert {one.data_type for one in definitions.values()} == {"String", "Number", "Bool", "DateTime"}
    used = set()
    for customer in await customers.with_children(seeded.ctx, await everybody(seeded.ctx)):
        for attribute in customer.attributes or ():
            made = definitions[attribute.definition_id]
            assert FAMILIES[customer.account.account_type] == made.family
            assert checked_values(made, attribute.values) == attribute.values
            used.add(made.code)
    assert used == {one.code for one in definitions.values()}


async def test_segments_hold_whom_they_say(seeded: Seeded) -> None:
    found = await customers.with_children(seeded.ctx, await everybody(seeded.ctx))
    seen: Counter[str] = Counter()
    for customer in found:
        codes = {segment.code for segment in customer.segments or ()}
        seen.update(codes)
        assert ("newsletter" in codes) == customer.account.accepts_marketing
        assert ("first-order" in codes) == (customer.account.order_count == 1)
        total = from_minor(customer.account.order_total_minor, customer.account.order_currency)
        assert ("big-spenders" in codes) == (total > 400)
        assert ("new-this-month" in codes) == (customer.account.created_at >= clock() - timedelta(days=30))
        assert ("wholesale" in codes) == (customer.account.account_type == "B2B")
        assert sum(segment.kind == "group" for segment in customer.segments or ()) <= 1
    assert set(seen) == {segment.code for segment in catalogue.SEGMENTS}


async def test_the_audit_log_tells_of_each_account_and_login(seeded: Seeded) -> None:
    for account in (await everybody(seeded.ctx))[:60]:
        customer = await customers.get(seeded.ctx, account.id)
        expected = events.difference(None, account, AUDITED)
        for contact in customer.contacts or ():
            expected |= events.difference(None, contact, contact_paths(contact.id))
        for note in customer.notes or ():
            expected[f"note/{note.id}/content"] = (None, note.content)
        for value in customer.attributes or ():
            expected[f"attribute/{value.fqn}"] = (None, value.values)
        rows = await seeded.ctx.db.fetch(
            """
            select topic, changes, at from event
            where tenant_id = $1 and account_id = $2 and subject not like 'credit/%' and topic <> 'segment.joined'
            order by id
            """,
            seeded.ctx.tenant_id,
            account.id,
        )
        assert [row["topic"] for row in rows] == ["account.created", "login.created"][: 1 + account.has_login]
        assert rows[0]["changes"] == msgspec.json.decode(msgspec.json.encode(expected))
        assert rows[0]["at"] == account.created_at


async def test_credits_are_such_as_the_actions_would_write(seeded: Seeded) -> None:
    rows = await seeded.ctx.db.fetch(
        f"select {CREDIT} from credit c where c.tenant_id = $1 order by c.id", seeded.ctx.tenant_id
    )
    made = [Credit(*row) for row in rows]
    assert COUNT / 24 < len(made) < COUNT / 6
    assert {credit.kind for credit in made} == {"StoreCredit", "GiftCard", "Custom"}
    assert 0 < sum(bool(credit.redeemed_minor) for credit in made) < len(made)
    assert await drifts(seeded.ctx.db, seeded.ctx.tenant_id) == []
    for credit in made:
        assert credit.is_usable(NOW)
        wrote = CreditDetails(
            code=credit.code,
            kind=credit.kind,
            custom_kind=credit.custom_kind,
            account_id=credit.account_id,
            currency=credit.currency,
            initial=credit.initial,
            activates_at=credit.activates_at,
            expires_at=credit.expires_at,
        )
        new = checked_credit(wrote, currency=credit.currency, now=NOW)
        assert {name: getattr(credit, name) for name in New.__struct_fields__} == msgspec.structs.asdict(new)
        whole = msgspec.structs.replace(credit, available_minor=credit.initial_minor, redeemed_minor=0)
        told = await seeded.ctx.db.fetch(
            "select topic, changes, at from event where tenant_id = $1 and subject = $2 order by id",
            seeded.ctx.tenant_id,
            f"credit/{credit.id}",
        )
        assert [row["topic"] for row in told] == ["credit.created", "credit.debited"][: 1 + bool(credit.redeemed_minor)]
        changes = events.difference(None, whole, credit_paths(credit.id))
        assert told[0]["changes"] == NUMBERS.decode(msgspec.json.Encoder(decimal_format="number").encode(changes))
        assert {row["at"] for row in told} == {credit.created_at}


async def test_customers_are_served_and_can_sign_in(seeded: Seeded) -> None:
    page = (await seeded.shop.get(ACCOUNTS, params={"pageSize": 200, "sortBy": "lastName asc"})).json()
    assert page["totalCount"] == COUNT
    named = next(one for one in page["items"] if one["userName"] and one["userName"] != one["emailAddress"])
    for name in (named["userName"].upper(), named["emailAddress"]):
        answer = await seeded.shop.post(TICKETS, {"username": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        assert answer.json()["customerAccount"]["id"] == named["id"]
    sought = (await seeded.shop.get(ACCOUNTS, params={"q": named["emailAddress"]})).json()
    assert [one["id"] for one in sought["items"]] == [named["id"]]


async def test_a_run_that_was_interrupted_goes_on_where_it_stopped(empty: Seeded) -> None:
    assert await empty.seed(30) == 30
    assert await empty.seed(30) == 0
    assert await empty.seed(BLOCK + 20) == BLOCK - 10  # the rest of the first block, and some of the second
    assert await empty.seed(40, number=2) == 40
    assert await accounts.total(empty.ctx) == BLOCK + 60
    found = {account.email for account in await everybody(empty.ctx)}
    assert found == {person.email for person in [*drawn(1, 0, BLOCK), *drawn(1, BLOCK, BLOCK + 20), *drawn(2, 0, 40)]}


async def test_a_block_that_cannot_be_written_leaves_nothing_behind(empty: Seeded) -> None:
    taken = drawn(1, 0, 8)[7].email
    await empty.shop.account(emailAddress=taken)
    with pytest.raises(Exception, match="email"):
        await empty.seed(20)
    assert await empty.value("select count(*) from account where tenant_id = $1") == 1
    assert await empty.value("select count(*) from event where tenant_id = $1 and request_id = 'seed'") == 0
    assert await accounts.total(empty.ctx) == 1


async def test_customers_go_to_the_site_of_their_country_or_currency(empty: Seeded) -> None:
    from patron.tenants import actions

    db, tenant_id = empty.ctx.db, empty.ctx.tenant_id
    await actions.create_site(db, tenant_id, name="Europe", country="DE", currency="EUR", locale="de-DE", now=clock())
    target = msgspec.structs.replace(empty.target, sites=await tenants.sites(db, tenant_id))
    await seeding.seed(empty.shop.database, target, empty.choices, seed=1, count=200, now=NOW)
    rows = await db.fetch(
        """
        select d.country, a.order_currency from account a
        join contact c on c.tenant_id = $1 and c.account_id = a.id and c.is_primary_billing
        join address d on d.tenant_id = $1 and d.id = c.address_id where a.tenant_id = $1
        """,
        tenant_id,
    )
    euro = {row["country"] for row in rows if row["order_currency"] == "EUR"}
    assert {"DE", "FR"} <= euro <= {"DE", "FR", "ES", "IT", "NL"}
    assert {row["order_currency"] for row in rows if row["country"] not in euro} == {"USD"}
