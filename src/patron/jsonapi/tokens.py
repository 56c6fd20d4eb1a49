"""Access tokens of this dialect: RS512, with exactly the claims that its clients read (behaviour 2.4)."""

from typing import Any

from patron.accounts import queries as accounts
from patron.jsonapi import ids
from patron.jsonapi.caller import Caller
from patron.kernel.context import Secrets
from patron.kernel.db import Session
from patron.kernel.errors import Unauthenticated
from patron.kernel.tokens import Claims
from patron.logins.shopper import account_subject
from patron.staff import queries as users
from patron.staff.model import user_subject
from patron.tenants import grants, programs
from patron.tenants.grants import Grant, code_subject
from patron.tenants.programs import Program
from patron.tenants.queries import sites_subject
from patron.tenants.tokens import application_subject

REGION = "eu-west-1"


def issuer(domain: str) -> str:
    """Who signs: clients find the address of our keys, and of the API, by it."""
    return f"https://auth.{domain}"


def base_url(slug: str, domain: str) -> str:
    """The address of an organization's API."""
    return f"https://{slug}.{domain}/api"


def market_ids(program: Program, grant: Grant) -> list[int]:
    """The markets of a grant."""
    return grant.market_ids if grant.market_ids is not None else [one.id for one in program.markets]


def scope(grant: Grant) -> str:
    """The scope as it was asked for; without one, all markets for who proved itself with a secret or has a user behind
    it, else none.
    """
    return grant.scope or ("market:all" if grant.is_confidential or grant.staff_id is not None else "")


def claims(program: Program, grant: Grant, domain: str) -> Claims:
    """What the token of a grant says; the same whenever it is asked."""
    made: dict[str, Any] = {
        "organization": {
            "id": ids.shown(program.tenant_id),
            "slug": program.slug,
            "enterprise": False,
            "region": REGION,
        },
        "application": {
            "id": ids.shown(program.id),
            "kind": program.kind,
            "public": program.kind == "sales_channel",
            "client_id": program.client_id,
            "confidential": grant.is_confidential,
        },
    }
    if grant.account_id is not None:
        made["owner"] = {"type": "Customer", "id": ids.shown(grant.account_id)}
    if grant.staff_id is not None:
        made["owner"] = {"type": "User", "id": ids.shown(grant.staff_id)}
    if grant.scope:
        made["market"] = {
            "id": [ids.shown(one) for one in market_ids(program, grant)],
            "stock_location_ids": [],
            "geocoder_id": None,
            "allows_external_prices": False,
        }
    if grant.custom_claim is not None:
        made["custom_claim"] = grant.custom_claim
    return {
        **made,
        "scope": scope(grant),
        "exp": int(grant.expires_at.timestamp()),
        "test": program.mode == "test",
        "rand": grant.fraction,
        "iat": int(grant.issued_at.timestamp()),
        "iss": issuer(domain),
    }


async def sign(db: Session, secrets: Secrets, program: Program, grant: Grant, domain: str) -> str:
    """The token of a grant."""
    return await secrets.keyring.sign(db, claims(program, grant, domain), grant.issued_at, "RS512")


async def caller_of(db: Session, read: Claims) -> Caller:
    """Who is behind the claims of a verified token. Raises Unauthenticated when that was ended."""
    tenant_id, application_id = ids.read(read["organization"]["id"]), ids.read(read["application"]["id"])
    program = await programs.get(db, tenant_id or 0, application_id or 0)
    grant = await grants.of_token(db, program.tenant_id, program.id, read["rand"]) if program else None
    if program is None or grant is None or grant.ended_at is not None:
        raise Unauthenticated("invalid_token: the application or its grant was ended.")
    if grant.staff_id is not None:
        user = await users.find(db, grant.tenant_id, grant.staff_id)
        if user is None or not user.is_active:
            raise Unauthenticated("invalid_token: the user is not there any more.")
        return Caller(program, grant, user=user)
    if grant.account_id is None:
        return Caller(program, grant)
    account = await accounts.find(db, grant.tenant_id, grant.account_id)
    if account is None or not account.is_active or account.customer_set != program.customer_set:
        raise Unauthenticated("invalid_token: the customer is not there any more.")
    return Caller(program, grant, account.user_id)


def subjects(caller: Caller) -> tuple[str, ...]:
    """The names under which the token can be revoked."""
    grant = caller.grant
    found = [application_subject(grant.tenant_id, grant.application_id), sites_subject(grant.tenant_id), grant.subject]
    if grant.account_id is not None:
        found.append(account_subject(grant.tenant_id, grant.account_id))
    if grant.staff_id is not None:
        found.append(user_subject(grant.tenant_id, grant.staff_id))
    if grant.code_id is not None:
        found.append(code_subject(grant.tenant_id, grant.code_id))
    return tuple(found)
