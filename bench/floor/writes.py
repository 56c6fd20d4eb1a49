"""The floor's changes: one statement each, which is its own transaction and writes the rows that Patron writes."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import asyncpg
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.floor.bodies import ENCODE, account, at, contact
from bench.floor.reads import rendered, whole

BY = "patron-demo.storefront.1.0.0.Release"
_KEY = Ed25519PrivateKey.generate()
_HEADER = urlsafe_b64encode(b'{"alg":"Ed25519","typ":"at+jwt","kid":"' + b"k" * 43 + b'"}').rstrip(b"=")


class Address(msgspec.Struct, rename="camel"):
    """A place."""

    address1: str | None = None
    city_or_town: str | None = None
    state_or_province: str | None = None
    postal_or_zip_code: str | None = None
    country_code: str | None = None
    address_type: str | None = None


class Phones(msgspec.Struct):
    """Phone numbers."""

    home: str | None = None
    mobile: str | None = None


class Type(msgspec.Struct, rename="camel"):
    """What a contact serves for."""

    name: str
    is_primary: bool = False


class Contact(msgspec.Struct, rename="camel"):
    """A contact, as sent."""

    address: Address
    phone_numbers: Phones
    types: list[Type]
    email: str | None = None
    first_name: str | None = None
    last_name_or_surname: str | None = None


class Account(msgspec.Struct, rename="camel"):
    """An account, as sent."""

    email_address: str
    first_name: str
    last_name: str
    accepts_marketing: bool
    contacts: list[Contact]


class Movement(msgspec.Struct, rename="camel"):
    """A credit's transaction, as sent."""

    impact_amount: float
    order_id: str


READ_MOVEMENT = msgspec.json.Decoder(Movement).decode
READ_ACCOUNT = msgspec.json.Decoder(Account).decode
READ_CONTACT = msgspec.json.Decoder(Contact).decode

_PLACED = """
    given as (
        select g.*, nextval(pg_get_serial_sequence('contact', 'id')) as contact_id,
               nextval(pg_get_serial_sequence('address', 'id')) as address_id
        from jsonb_to_recordset($2) as g (email text, first_name text, last_name text, home text, mobile text,
            line_1 text, city text, state text, postal_code text, country text, kind text,
            billing boolean, shipping boolean, first_billing boolean, first_shipping boolean)
    ), placed as (
        insert into address (tenant_id, id, account_id, line_1, city, state, postal_code, country, kind)
        select $1, address_id, owner.id, line_1, city, state, postal_code, country, kind from given, owner
    ), added as (
        insert into contact (tenant_id, id, account_id, address_id, email, first_name, last_name, phone_home,
            phone_mobile, is_billing, is_shipping, is_primary_billing, is_primary_shipping,
            created_at, created_by, updated_at, updated_by)
        select $1, contact_id, owner.id, address_id, email, first_name, last_name, home, mobile,
               billing, shipping, first_billing, first_shipping, $3, $4, $3, $4 from given, owner
    ), told as (
        insert into event (tenant_id, at, topic, account_id, subject, changes, actor_kind, actor, application, site_id,
                           request_id)
        select $1, $3, $5, owner.id, '', $6, 'application', $4, $4, $7, $8 from owner
    )"""

_CREATE = f"""
    with owner as (
        insert into account (tenant_id, customer_set_code, email, email_key, holds_email, first_name, last_name,
            accepts_marketing, since_at, order_currency, created_at, created_by, updated_at, updated_by,
            first_name_key, last_name_key, email_sort, search)
        values ($1, 'default', $9, $10, true, $11, $12, $13, $3, 'USD', $3, $4, $3, $4, $14, $15, $10, $16)
        returning id
    ), counted as (
        update account_count set accounts = accounts + 1, anonymous = anonymous + 1
        where tenant_id = $1 and customer_set_code = 'default' and slot = $17
    ), {_PLACED}
    select owner.id, (select array_agg(contact_id) from given) from owner
"""
_ADD = f"""
    with owner as (
        update account set version = version + 1 where tenant_id = $1 and id = $9 returning id
    ), {_PLACED}
    select owner.id, (select array_agg(contact_id) from given) from owner
"""
_DEBIT = """
    with moved as (
        update credit set version = version + 1, entry_count = entry_count + 1,
               available_minor = available_minor - $3, redeemed_minor = redeemed_minor + $3
        where tenant_id = $1 and code_key = $2 and deleted_at is null and available_minor >= $3
          and activates_at <= $4 and expires_at > $4
        returning id, account_id, currency, entry_count, available_minor + held_minor as balance
    ), summed as (
        update credit_balance b set available_minor = b.available_minor - $3 from moved m
        where b.tenant_id = $1 and b.account_id = m.account_id and b.currency = m.currency
    ), told as (
        insert into event (tenant_id, at, topic, account_id, subject, changes, actor_kind, actor, application, site_id,
                           request_id)
        select $1, $4, 'credit.debited', m.account_id, 'credit/' || m.id, jsonb_build_object(
                   'credit/' || m.id || '/balance', jsonb_build_array((m.balance + $3) / 100.0, m.balance / 100.0)),
               'application', $5, $5, $6, $7
        from moved m
    )
    insert into credit_entry (tenant_id, credit_id, number, currency, kind, source, target, amount_minor,
                              balance_minor, order_id, at, by)
    select $1, m.id, m.entry_count, m.currency, 'debit', 'available', 'redeemed', $3, m.balance, $8, $4, $5
    from moved m returning id, balance_minor
"""
_REFRESH = (
    "with f as (update ticket_family set sequence = sequence + 1, rotated_at = $4, digest = $5,\
 expires_at = least($4 + make_interval(secs => refresh_seconds), ends_at)\
 where tenant_id = $1 and id = $2 and digest = $3 and ended_at is null and expires_at > $4 returning *) "
    + whole(shopper=True, source="f join account a on a.tenant_id = $1 and a.id = f.account_id", where="true").replace(
        " from f join", ", f.site_id, f.application_id, f.access_seconds, f.expires_at from f join"
    )
)


def _flat(given: Contact) -> dict[str, Any]:
    place, kinds = given.address, {one.name: one.is_primary for one in given.types}
    return {
        "email": given.email, "first_name": given.first_name, "last_name": given.last_name_or_surname,
        "home": given.phone_numbers.home, "mobile": given.phone_numbers.mobile,
        "line_1": place.address1, "city": place.city_or_town, "state": place.state_or_province,
        "postal_code": place.postal_or_zip_code, "country": place.country_code, "kind": place.address_type,
        "billing": "Billing" in kinds, "shipping": "Shipping" in kinds,
        "first_billing": kinds.get("Billing", False), "first_shipping": kinds.get("Shipping", False),
    }  # fmt: skip


def _row(c: dict[str, Any], account_id: int, number: int, now: datetime) -> list[Any]:
    """A row as `bodies.CONTACT` would have read it."""
    return [
        account_id, number, c["line_1"], None, None, None, c["kind"], c["city"], c["country"], None, c["postal_code"],
        c["state"], BY, now, BY, now, None, c["email"], None, c["first_name"], None, c["last_name"], None, c["home"],
        c["mobile"], None, c["billing"], c["first_billing"], c["shipping"], c["first_shipping"],
    ]  # fmt: skip


def _changes(**what: Any) -> dict[str, Any]:
    return {name: (None, value) for name, value in what.items() if value is not None}


async def create(conn: asyncpg.Connection, tenant_id: int, site_id: int, body: bytes) -> bytes:
    """A new account with its contacts."""
    given, now = READ_ACCOUNT(body), datetime.now(UTC)
    contacts = [_flat(one) for one in given.contacts]
    email, first, last = given.email_address.lower(), given.first_name.lower(), given.last_name.lower()
    changes = _changes(email=email, first_name=given.first_name, last_name=given.last_name, account_type="B2C")
    for place, one in enumerate(contacts):
        changes |= _changes(**{f"contact/{place}/{name}": value for name, value in one.items()})
    account_id, ids = await conn.fetchrow(
        _CREATE,
        *(tenant_id, contacts, now, BY, "account.created", changes, site_id, secrets.token_hex(16)),
        *(given.email_address, email, given.first_name, given.last_name, given.accepts_marketing),
        *(first, last, f"{email} {first} {last}", secrets.randbelow(16)),
    )
    row = [
        account_id, given.accepts_marketing, "B2C", BY, now, BY, now, None, 0, 0, "USD", 0, 0, None, "default", now,
        given.email_address, None, given.first_name, False, True, True, False, None, given.last_name, None, False,
        False, None, None, None,
    ]  # fmt: skip
    return ENCODE(account(row, [_row(c, account_id, n, now) for c, n in zip(contacts, ids, strict=True)], [], [], []))


async def add_contact(conn: asyncpg.Connection, tenant_id: int, site_id: int, account_id: int, body: bytes) -> bytes:
    """A further contact."""
    given, now = _flat(READ_CONTACT(body)), datetime.now(UTC)
    changes = _changes(**{f"contact/0/{name}": value for name, value in given.items()})
    _, ids = await conn.fetchrow(
        _ADD,
        *(tenant_id, [given], now, BY, "contact.created", changes, site_id, secrets.token_hex(16), account_id),
    )
    return ENCODE(contact(_row(given, account_id, ids[0], now)))


async def debit(conn: asyncpg.Connection, tenant_id: int, site_id: int, code: str, body: bytes) -> bytes:
    """An amount from a credit."""
    given, now = READ_MOVEMENT(body), datetime.now(UTC)
    minor = round(given.impact_amount * 100)
    number, balance = await conn.fetchrow(
        _DEBIT, *(tenant_id, code.lower(), minor, now, BY, site_id, secrets.token_hex(16), given.order_id)
    )
    when = at(now)
    return ENCODE(
        {
            "auditInfo": {"createBy": BY, "createDate": when, "updateBy": BY, "updateDate": when},
            "balance": Decimal(balance).scaleb(-2), "comments": None, "data": None, "entryType": "debit", "id": number,
            "impactAmount": Decimal(minor).scaleb(-2), "key": None, "orderId": given.order_id, "paymentId": None,
            "transactionType": "Debit",
        }
    )  # fmt: skip


async def refresh(conn: asyncpg.Connection, tenant_id: int, token: str) -> bytes:
    """The next pair of tokens, with the account."""
    now = datetime.now(UTC)
    sequence = f"{int(token[32:40], 16) + 1:08x}"
    code = hmac.new(b"k" * 32, f"{tenant_id} {token[:32]} {sequence}".encode(), sha256).hexdigest()[:32]
    after = f"{token[:32]}{sequence}{code}"
    digests = sha256(token.encode()).digest(), sha256(after.encode()).digest()
    row = await conn.fetchrow(_REFRESH, tenant_id, token[:32], digests[0], now, digests[1])
    site_id, application_id, seconds, ends = row[-4:]
    body = rendered(row[:-4])
    expires = now + timedelta(seconds=seconds)
    claims = {
        "iss": "patron", "aud": "patron:shopper", "sub": body["userId"], "tid": tenant_id, "site": site_id,
        "app": application_id, "fam": token[:32], "acc": body["id"], "anon": False, "jti": code,
        "iat": int(now.timestamp()), "exp": int(expires.timestamp()),
    }  # fmt: skip
    unsigned = _HEADER + b"." + urlsafe_b64encode(ENCODE(claims)).rstrip(b"=")
    access = (unsigned + b"." + urlsafe_b64encode(_KEY.sign(unsigned)).rstrip(b"=")).decode()
    return ENCODE(
        {
            "accessToken": access,
            "accessTokenExpiration": at(expires),
            "customerAccount": body,
            "jwtAccessToken": access,
            "refreshToken": after,
            "refreshTokenExpiration": at(ends),
            "requires2FA": False,
            "userId": body["userId"],
        }
    )
