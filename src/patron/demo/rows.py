"""Turns made-up customers into rows of the tables, with the keys, sums and events that signing up would have written.

The rules are the slices' own (`keys`, `names_of`, `summed`, `paths`); only the way into the database is another one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from patron.accounts.model import AUDITED, Profile, keys
from patron.contacts.model import paths
from patron.credits.ledger import POSTINGS
from patron.credits.model import Credit
from patron.credits.model import paths as paths_of_credit
from patron.demo.people import Deed, Entry, Person
from patron.kernel.caller import SYSTEM, Site
from patron.kernel.events import Changes, difference
from patron.kernel.values import from_minor, name_key
from patron.logins.model import names_of
from patron.transactions.model import Group, Sums, summed
from patron.visits.ids import whole
from patron.visits.model import Details, checked
from patron.visits.months import month_of

Row = tuple[object, ...]

BY = SYSTEM.name
REQUEST_ID = "seed"

# In the order in which they may be written: what a row points to comes first.
COLUMNS: dict[str, tuple[str, ...]] = {
    "account": (
        *("tenant_id", "id", "customer_set_code", "account_type", "user_id", "email", "email_key", "holds_email"),
        *("user_name", "first_name", "last_name", "company", "external_id", "tax_id", "is_tax_exempt"),
        *("accepts_marketing", "locale", "is_anonymous", "since_at", "order_count", "order_total_minor"),
        *("order_currency", "last_order_at", "wishlist_count", "visit_count", "last_visit_at"),
        *("created_at", "created_by", "updated_at", "updated_by"),
        *("first_name_key", "last_name_key", "company_key", "email_sort", "search"),
    ),
    "address": (
        *("tenant_id", "id", "account_id", "line_1", "line_2", "city", "state", "postal_code", "country", "kind"),
        "is_validated",
    ),
    "contact": (
        *("tenant_id", "id", "account_id", "address_id", "email", "first_name", "last_name", "company", "label"),
        *("phone_home", "phone_mobile", "is_billing", "is_shipping", "is_primary_billing", "is_primary_shipping"),
        *("created_at", "created_by", "updated_at", "updated_by"),
    ),
    "note": ("tenant_id", "id", "account_id", "content", "created_at", "created_by", "updated_at", "updated_by"),
    "attribute": (
        *("tenant_id", "account_id", "definition_id", "values", "created_at", "created_by", "updated_at", "updated_by"),
    ),
    "segment_member": ("tenant_id", "segment_id", "account_id", "kind", "since_at", "added_by"),
    "account_transaction": (
        *("tenant_id", "account_id", "id", "kind", "interaction", "amount_minor", "currency", "at", "visit_id"),
    ),
    "credit_balance": ("tenant_id", "account_id", "currency", "available_minor"),
    "credit": (
        *("tenant_id", "id", "code", "code_key", "kind", "custom_kind", "account_id", "currency", "initial_minor"),
        *("activates_at", "expires_at", "issued_minor", "available_minor", "redeemed_minor", "entry_count"),
        *("created_at", "created_by", "updated_at", "updated_by"),
    ),
    "credit_entry": (
        *("tenant_id", "credit_id", "number", "currency", "kind", "source", "target", "amount_minor", "balance_minor"),
        *("at", "by"),
    ),
    "visit": (
        *("tenant_id", "id", "key", "at", "kind", "account_id", "user_id", "site_id", "session_id", "referrer"),
        *("user_agent", "browser_location", "location", "device", "visitor", "recorded_at"),
    ),
    "visitor": ("tenant_id", "id", "first_at", "last_at"),
    "login": (
        *("tenant_id", "account_id", "customer_set_code", "user_id", "user_name", "password_hash", "last_login_at"),
        *("last_password_at", "created_at", "updated_at"),
    ),
    "login_name": ("tenant_id", "customer_set_code", "name_key", "account_id"),
    "event": (
        *("tenant_id", "at", "topic", "account_id", "subject", "changes", "actor_kind", "actor", "site_id"),
        "request_id",
    ),
}

_PLACE = COLUMNS["address"][3:]  # without the ids
_VISIT = COLUMNS["visit"][1:-1]  # without the tenant and the time of recording, which is that of the visit
_WHO = COLUMNS["contact"][4:-4]  # without the ids and stamps


class Target(msgspec.Struct, frozen=True):
    """Where the customers go: the tenant, its sites, and the hash that all logins share."""

    tenant_id: int
    sites: tuple[Site, ...]
    password_hash: str

    def site_for(self, person: Person) -> Site:
        """The site of the person's country, else one that sells in their currency, else the first."""
        return min(self.sites, key=lambda site: (site.country != person.country, site.currency != person.currency))


def needed(people: Sequence[Person]) -> dict[str, int]:
    """How many ids of each table these customers take."""
    contacts = sum(len(person.contacts) for person in people)
    notes = sum(len(person.notes) for person in people)
    gifts = sum(len(person.gifts) for person in people)
    return {"account": len(people), "contact": contacts, "address": contacts, "note": notes, "credit": gifts}


class Rows:
    """Rows by table, in the order of `COLUMNS`; `counted` says how many accounts and guests came to each set."""

    def __init__(self, target: Target, ids: Mapping[str, Iterator[int]]) -> None:
        self.tables: dict[str, list[Row]] = {table: [] for table in COLUMNS}
        self.counted: Counter[tuple[str, bool]] = Counter()
        self.months: Counter[datetime] = Counter()
        self._target = target
        self._ids = ids

    def add(self, person: Person) -> int:
        """All rows of one customer. Answers the account's id."""
        account_id, tenant_id = next(self._ids["account"]), self._target.tenant_id
        site = self._target.site_for(person)
        changes = self._account(person, account_id, site)
        stamps = (person.created_at, BY, person.created_at, BY)
        for entry in person.contacts:
            changes |= self._contact(entry, account_id, person.email, stamps)
        for content in person.notes:
            note_id = next(self._ids["note"])
            self.tables["note"].append((tenant_id, note_id, account_id, content, *stamps))
            changes[f"note/{note_id}/content"] = (None, content)
        for value in person.attributes:
            self.tables["attribute"].append((tenant_id, account_id, value.definition_id, value.values, *stamps))
            changes[f"attribute/{value.fqn}"] = (None, value.values)
        for segment_id, kind in person.segments:
            member = (tenant_id, segment_id, account_id, kind, person.created_at, BY)
            self.tables["segment_member"].append(member)
        led_to = self._visits(person, account_id, site)
        for place, deed in enumerate(person.deeds):
            done = (tenant_id, account_id, *deed[:4], site.currency, deed.at, led_to.get(place))
            self.tables["account_transaction"].append(done)
        self._event("account.created", person, account_id, site, changes)
        if person.user_id is not None:
            self._login(person, account_id, site)
            self._event("login.created", person, account_id, site, {})
        if person.gifts:
            self._gifts(person, account_id, site)
        self.counted[site.customer_set, person.user_id is None] += 1
        return account_id

    def _account(self, person: Person, account_id: int, site: Site) -> Changes:
        profile = Profile(
            account_type=person.account_type,
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            company=person.company,
            external_id=person.external_id,
            tax_id=person.tax_id,
            is_tax_exempt=person.is_tax_exempt,
            accepts_marketing=person.accepts_marketing,
            locale=person.locale,
        )
        sums = _sums(person.deeds, site.currency)
        values = {
            "tenant_id": self._target.tenant_id,
            "id": account_id,
            "customer_set_code": site.customer_set,
            "user_id": person.user_id,
            "user_name": person.user_name,
            "holds_email": True,
            "is_anonymous": person.user_id is None,
            "is_active": True,
            "since_at": person.created_at,
            "order_currency": site.currency,
            "visit_count": len(person.comings),
            "last_visit_at": whole(max(coming.at for coming in person.comings)) if person.comings else None,
            "created_at": person.created_at,
            "created_by": BY,
            "updated_at": person.created_at,
            "updated_by": BY,
            **msgspec.structs.asdict(profile),
            **keys(profile, person.user_name),
            **msgspec.structs.asdict(sums),
        }
        self.tables["account"].append(tuple([values[name] for name in COLUMNS["account"]]))
        return {path: (None, values[name]) for name, path in AUDITED.items() if values[name] is not None}

    def _contact(self, entry: Entry, account_id: int, email: str, stamps: Row) -> Changes:
        tenant_id = self._target.tenant_id
        contact_id, address_id = next(self._ids["contact"]), next(self._ids["address"])
        values = entry._asdict() | {"email": email}
        place = [values[name] for name in _PLACE]
        self.tables["address"].append((tenant_id, address_id, account_id, *place))
        who = [values[name] for name in _WHO]
        self.tables["contact"].append((tenant_id, contact_id, account_id, address_id, *who, *stamps))
        named = paths(contact_id)
        return {named[name]: (None, value) for name, value in values.items() if value is not None}

    def _visits(self, person: Person, account_id: int, site: Site) -> dict[int, str]:
        """The visits of a customer. Answers the names of those that led to orders, by the place of the order."""
        led_to: dict[int, str] = {}
        made = []
        for coming in person.comings:
            details = Details(
                account_id=account_id,
                user_id=person.user_id,
                kind=coming.kind,
                at=coming.at,
                referrer=coming.referrer,
                user_agent=coming.user_agent,
                location=coming.location,
            )
            visit = checked(details, site_id=site.id, now=coming.at)
            made.append(visit)
            self.months[month_of(visit.at)] += 1
            self.tables["visit"].append((self._target.tenant_id, *(getattr(visit, name) for name in _VISIT), visit.at))
            if coming.deed is not None:
                led_to[coming.deed] = visit.name
        if made:
            moments = [visit.at for visit in made]
            first_and_last = (min(moments), max(moments))
            self.tables["visitor"].append((self._target.tenant_id, made[0].visitor, *first_and_last))
        return led_to

    def _login(self, person: Person, account_id: int, site: Site) -> None:
        assert person.user_name is not None
        tenant_id, created = self._target.tenant_id, person.created_at
        names = (tenant_id, account_id, site.customer_set, person.user_id, person.user_name)
        self.tables["login"].append(
            (*names, self._target.password_hash, person.last_login_at, created, created, created)
        )
        for key in names_of(person.user_name, person.email):
            self.tables["login_name"].append((tenant_id, site.customer_set, key, account_id))

    def _gifts(self, person: Person, account_id: int, site: Site) -> None:
        """Credits with their entries, and the sum on the account's balance."""
        left = sum(gift.amount_minor - gift.spent_minor for gift in person.gifts)
        self.tables["credit_balance"].append((self._target.tenant_id, account_id, site.currency, left))
        for gift in person.gifts:
            credit = Credit(
                id=next(self._ids["credit"]),
                version=1,
                code=gift.code,
                kind=gift.kind,
                custom_kind=gift.custom_kind,
                account_id=account_id,
                currency=site.currency,
                initial_minor=gift.amount_minor,
                activates_at=gift.at,
                expires_at=gift.expires_at,
                available_minor=gift.amount_minor,
                held_minor=0,
                redeemed_minor=0,
                expired_minor=0,
                created_at=gift.at,
                created_by=BY,
                updated_at=gift.at,
                updated_by=BY,
            )
            self._credit(credit, gift.spent_minor)
            self._credit_event("credit.created", credit, site, difference(None, credit, paths_of_credit(credit.id)))
            if gift.spent_minor:
                rest = from_minor(gift.amount_minor - gift.spent_minor, site.currency)
                change: Changes = {paths_of_credit(credit.id)["balance"]: (credit.balance, rest)}
                self._credit_event("credit.debited", credit, site, change)

    def _credit(self, credit: Credit, spent_minor: int) -> None:
        """A credit as it was made, of which then an amount was spent."""
        tenant_id, amount = self._target.tenant_id, credit.initial_minor
        moves = [("issue", amount, amount)] + [("debit", spent_minor, amount - spent_minor)] * bool(spent_minor)
        values = msgspec.structs.asdict(credit) | {
            "tenant_id": tenant_id,
            "code_key": name_key(credit.code),
            "issued_minor": amount,
            "available_minor": amount - spent_minor,
            "redeemed_minor": spent_minor,
            "entry_count": len(moves),
        }
        self.tables["credit"].append(tuple([values[name] for name in COLUMNS["credit"]]))
        for number, (kind, moved, balance) in enumerate(moves, start=1):
            books = (kind, POSTINGS[kind].source, POSTINGS[kind].target)
            entry = (tenant_id, credit.id, number, credit.currency, *books, moved, balance, credit.created_at, BY)
            self.tables["credit_entry"].append(entry)

    def _credit_event(self, topic: str, credit: Credit, site: Site, changes: Changes) -> None:
        what = (credit.created_at, topic, credit.account_id, f"credit/{credit.id}", changes)
        self.tables["event"].append((self._target.tenant_id, *what, SYSTEM.kind, BY, site.id, REQUEST_ID))

    def _event(self, topic: str, person: Person, account_id: int, site: Site, changes: Changes) -> None:
        by = (SYSTEM.kind, BY, site.id, REQUEST_ID)
        self.tables["event"].append((self._target.tenant_id, person.created_at, topic, account_id, "", changes, *by))


def _sums(deeds: Sequence[Deed], currency: str) -> Sums:
    """What the account's transactions add up to."""
    return summed([Group(deed.kind, currency, 1, deed.amount_minor, deed.at) for deed in deeds], currency)
