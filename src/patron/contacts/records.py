"""Addresses, and contacts as customer addresses, as flat rows with named columns.

The person of an address that a contact has is the contact's, so that both dialects read one value. The columns of
joined tables are behind left joins by unique keys, which PostgreSQL leaves out when it only counts.
"""

from patron.accounts.records import DEFAULT_SET
from patron.kernel.columns import common, text
from patron.kernel.query import Field, Fields, Sort
from patron.kernel.sql import Listing

DEGREE = 10**12

# Usually there is one customer set; then nobody need be looked up.
_ONE_SET = "(select count(*) < 2 from customer_set os where os.tenant_id = $1)"


def _is_ours(account_id: str) -> str:
    """That an account is a customer of the organization."""
    return f"""({_ONE_SET} or exists (select from account xa where xa.tenant_id = $1 and xa.id = {account_id}
        and xa.customer_set_code = {DEFAULT_SET}))"""


def phone_of(contact: str) -> str:
    """The SQL for the phone number of a contact that stands in its address."""
    return f"coalesce({contact}.phone_home, {contact}.phone_mobile, {contact}.phone_work)"


def _full_name(person: dict[str, str], address: str) -> str:
    name = f"nullif(concat_ws(' ', {person['first_name']}, {person['last_name']}), '')"
    company = person["company"]
    return f"case when {address}.is_business then coalesce({company}, {name}) else coalesce({name}, {company}) end"


def _full_address(address: str, phone: str) -> str:
    lines = ", ".join(f"{address}.line_{n}" for n in range(1, 5))
    town = f"{address}.postal_code, {address}.city, {address}.state, '(' || {address}.country || ')', {phone}"
    return f"nullif(concat_ws(', ', nullif(concat_ws(' ', {lines}), ''), nullif(concat_ws(' ', {town}), '')), '')"


def _name(person: dict[str, str], address: str) -> str:
    parts = f"{_full_name(person, address)}, {_full_address(address, person['phone'])}"
    return f"nullif(concat_ws(', ', {parts}), '')"


def _degrees(column: str) -> Field:
    return Field(f"({column}::numeric / {DEGREE})", "number")


_PERSON = {
    "first_name": "case when adc.id is null then ad.first_name else adc.first_name end",
    "last_name": "case when adc.id is null then ad.last_name else adc.last_name end",
    "company": "case when adc.id is null then ad.company else adc.company end",
    "phone": f"case when adc.id is null then ad.phone else {phone_of('adc')} end",
    "email": "case when adc.id is null then ad.email else adc.email end",
}
_OWN = (
    *("line_1", "line_2", "city", "state", "postal_code", "country", "notes", "billing_info"),
    *("reference", "reference_origin"),
)

ADDRESSES = Listing(
    select=f"""ad.id, ad.version, ad.account_id, adc.id as contact_id, ad.is_business,
        {", ".join(f"{sql} as {name}" for name, sql in _PERSON.items())},
        {_full_name(_PERSON, "ad")} as full_name, {_full_address("ad", _PERSON["phone"])} as full_address,
        {_name(_PERSON, "ad")} as name, {", ".join(f"ad.{name}" for name in _OWN)}, ad.latitude, ad.longitude,
        ad.metadata, ad.created_at, ad.updated_at, null::text as nothing""",
    source="address ad left join contact adc on adc.tenant_id = $1 and adc.address_id = ad.id",
    where=f"ad.tenant_id = $1 and (ad.account_id is null or {_is_ours('ad.account_id')})",
    fields={
        **common("ad"),
        "account_id": Field("ad.account_id", "integer"),
        "is_business": Field("ad.is_business", "bool"),
        **{name: text(f"({sql})") for name, sql in _PERSON.items()},
        **{name: text(f"ad.{name}") for name in _OWN},
        "latitude": _degrees("ad.latitude"),
        "longitude": _degrees("ad.longitude"),
    },
    identity="ad.id",
    order=(Sort("created_at"), Sort("id")),
)

_OF_CONTACT = {
    **{name: f"book.{name}" for name in ("first_name", "last_name", "company", "email")},
    "phone": phone_of("book"),
}
_EMAIL = "(select lower(be.email) from account be where be.tenant_id = $1 and be.id = book.account_id)"
_BOOK_FIELDS: Fields = {
    **common("book"),
    "account_id": Field("book.account_id", "integer"),
    "address_id": Field("book.address_id", "integer"),
    "country": text("bookd.country"),
}

CUSTOMER_ADDRESSES = Listing(
    select=f"""book.id, book.version, book.account_id, book.address_id, {_name(_OF_CONTACT, "bookd")} as name,
        {_EMAIL} as customer_email, book.reference, book.reference_origin, book.metadata, book.created_at,
        book.updated_at""",
    source="contact book left join address bookd on bookd.tenant_id = $1 and bookd.id = book.address_id",
    where=f"book.tenant_id = $1 and {_is_ours('book.account_id')}",
    fields=_BOOK_FIELDS,
    identity="book.id",
    order=(Sort("created_at"), Sort("id")),
)
