"""The floor's orders and tokens of the second face: a statement each, which writes the rows that Patron writes.

The document of an order is text that the run told beforehand, with the few places that change.
"""

import secrets
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

import asyncpg
import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA512

from bench.floor.bodies import ENCODE, at
from patron.jsonapi.ids import read, shown

BY = "patron-demo-integration"
_KEY = generate_private_key(65537, 2048)
_HEADER = urlsafe_b64encode(b'{"alg":"RS512","kid":"' + b"k" * 43 + b'","typ":"JWT"}').rstrip(b"=")

_TOLD = """
        insert into event (tenant_id, at, topic, account_id, subject, changes, actor_kind, actor, application,
                           site_id, request_id)
        select $1, $3, {topic}, o.account_id, {subject}, {changes}, 'application', $4, $4, o.site_id, $5 from o"""
_CREATE = f"""
    with o as (
        insert into shop_order (tenant_id, created_at, updated_at, token, account_id, is_guest, status, currency,
                                total_minor, site_id)
        values ($1, $3, $3, $6, $2, false, 'pending', $7, $8, $9) returning id, account_id, site_id
    ), told as (
        {_TOLD.format(topic="'order.created'", subject="'order/' || o.id", changes="'{}'::jsonb")}
    )
    select id from o
"""
_PLACE = f"""
    with o as (
        update shop_order set version = version + 1, updated_at = $3, placed_at = $3, status = 'placed',
               customer_type = 'returning'
        where tenant_id = $1 and id = $2 and status = 'pending' returning *
    ), owner as (
        update account a set version = a.version + 1, order_count = a.order_count + 1, last_order_at = $3,
               updated_at = $3, updated_by = $4, order_total_minor = a.order_total_minor + o.total_minor
        from o where a.tenant_id = $1 and a.id = o.account_id
    ), counted as (
        insert into account_transaction (tenant_id, id, account_id, kind, interaction, amount_minor, currency, at)
        select $1, 'order-' || o.id, o.account_id, 'Order', 'Website', o.total_minor, o.currency, $3 from o
    ), told as (
        {
    _TOLD.format(
        topic="'transaction.created'",
        subject="'transaction/order-' || o.id",
        changes="jsonb_build_object('amount', jsonb_build_array(null, o.total_minor))",
        source="o",
    )
}
    ), told_too as (
        {
    _TOLD.format(
        topic="'order.placed'",
        subject="'order/' || o.id",
        changes='''jsonb_build_object('status', jsonb_build_array('pending', 'placed'))''',
        source="o",
    )
}
    )
    select id, token, created_at from o
"""
_RUNNING = """
    select g.id, g.nonce, g.issued_at, g.expires_at from application p
    join access_grant g on g.tenant_id = $1 and g.application_id = p.id
    where p.tenant_id = $1 and p.client_id = $2 and p.secret_digest = $3 and p.is_active
      and g.account_id is null and g.scope = '' and g.is_confidential and g.refresh_digest is null
      and g.ended_at is null and g.expires_at > $4
    order by g.expires_at desc, g.id desc limit 1
"""
_REFRESH = """
    with old as (
        update access_grant set refresh_digest = null
        where tenant_id = $1 and refresh_digest = $2 and refresh_expires_at > $3 and ended_at is null returning *
    )
    insert into access_grant (tenant_id, application_id, account_id, scope, market_ids, is_confidential, nonce,
                              issued_at, expires_at, refresh_digest, refresh_expires_at)
    select $1, application_id, account_id, scope, market_ids, is_confidential, $4, $3,
           $3 + (expires_at - issued_at), $5, $3 + interval '14 days' from old
    returning id, nonce, issued_at, expires_at, account_id, scope
"""


class Given(msgspec.Struct):
    """An order as sent."""

    attributes: dict[str, Any]
    relationships: dict[str, Any]


class Body(msgspec.Struct):
    """A body as sent."""

    data: Given


_READ = msgspec.json.Decoder(Body).decode


class Templates(msgspec.Struct, frozen=True):
    """The documents of an order that was made and of one that was placed, with marks where they change."""

    made: str
    placed: str


def marked(document: str, number: str, token: str, times: list[str]) -> str:
    """A document with marks in place of what the next one has otherwise."""
    for text, mark in ((number, "@id@"), (token, "@token@"), *((time, "@at@") for time in times)):
        document = document.replace(text, mark)
    return document


def _filled(template: str, number: int, token: str, now: datetime) -> bytes:
    shown_id = shown(number)
    return template.replace("@id@", shown_id).replace("@token@", token).replace("@at@", at(now) or "").encode()


async def create(conn: asyncpg.Connection, tenant_id: int, site_id: int, template: str, body: bytes) -> bytes:
    """An order of a customer, which makes it pending."""
    given, now, token = _READ(body).data, datetime.now(UTC), secrets.token_hex(16)
    customer = read(given.relationships["customer"]["data"]["id"])
    number = await conn.fetchval(
        _CREATE,
        *(tenant_id, customer, now, BY, secrets.token_hex(16), token),
        *(given.attributes["currency_code"], given.attributes["total_amount_cents"], site_id),
    )
    return _filled(template, number, token, now)


async def place(conn: asyncpg.Connection, tenant_id: int, template: str, shown_id: str) -> bytes:
    """Place it: the customer's sums follow."""
    now = datetime.now(UTC)
    row = await conn.fetchrow(_PLACE, tenant_id, read(shown_id), now, BY, secrets.token_hex(16))
    return _filled(template, row[0], row[1], now)


class Tokens:
    """Signs, and gives again what it has signed."""

    def __init__(self) -> None:
        self._signed: dict[int, bytes] = {}

    def _sign(self, row: Any, claims: dict[str, Any]) -> str:
        made = self._signed.get(row[0])
        if made is None:
            text = _HEADER + b"." + urlsafe_b64encode(ENCODE(claims)).rstrip(b"=")
            made = text + b"." + urlsafe_b64encode(_KEY.sign(text, PKCS1v15(), SHA512())).rstrip(b"=")
            if claims.get("owner") is None:
                self._signed[row[0]] = made
        return made.decode()

    async def answer(self, conn: asyncpg.Connection, tenant_id: int, organization_id: str, body: bytes) -> bytes:
        """What a client gets for its secret, or for a refresh token."""
        asked, now = parse_qs(body.decode()), datetime.now(UTC)
        client_id = asked["client_id"][0]
        refreshed = asked.get("refresh_token")
        if refreshed is None:
            secret = sha256(asked["client_secret"][0].encode()).digest()
            row = await conn.fetchrow(_RUNNING, tenant_id, client_id, secret, now)
            scope, more = "market:all", {}
        else:
            after, old = secrets.token_hex(32), sha256(refreshed[0].encode()).digest()
            nonce, new = secrets.randbelow(2**53), sha256(after.encode()).digest()
            row = await conn.fetchrow(_REFRESH, tenant_id, old, now.replace(microsecond=0), nonce, new)
            scope = row[5]
            more = {"refresh_token": after, "owner_id": shown(row[4]), "owner_type": "customer"}
        claims = {
            "organization": {"id": organization_id, "slug": "patron-demo", "enterprise": False, "region": "eu-west-1"},
            "application": {"id": client_id, "kind": "x" * 12, "public": False, "client_id": client_id,
                            "confidential": True},
            **({"owner": {"type": "Customer", "id": more["owner_id"]}} if more else {}),
            "scope": scope, "exp": int(row[3].timestamp()), "test": True, "rand": row[1] / 2**53,
            "iat": int(row[2].timestamp()), "iss": "https://auth.example.com",
        }  # fmt: skip
        return ENCODE(
            {
                "access_token": self._sign(row, claims), "token_type": "bearer",
                "expires_in": int(row[3].timestamp()) - int(now.timestamp()), "scope": scope,
                "created_at": int(row[2].timestamp()), **more,
            }
        )  # fmt: skip
