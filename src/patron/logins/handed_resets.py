"""Resets that an application makes and delivers itself (Commerce Layer behaviour 5.2): six hours, single use.

They are rows among those that are mailed (resets.py), so that the newest counts, whoever made it. The token has 160
random bits: nobody guesses it, so wrong ones are not counted.
"""

from datetime import timedelta
from typing import Any

from patron.accounts import actions as accounts
from patron.accounts.records import DEFAULT_SET
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import Invalid, NotFound, check_version
from patron.kernel.secrets import digest, random_token, same
from patron.kernel.written import check_length
from patron.logins import queries
from patron.logins.actions import Credential, change_password
from patron.logins.resets import Reset, use

LIFE = timedelta(hours=6)
_LENGTHS = {"reference": 200, "reference_origin": 200}


def new_token() -> str:
    """The token of a reset to come."""
    return random_token(20)


async def create(ctx: Ctx, email: str, token: str, given: dict[str, Any]) -> int:
    """A reset for the registered customer with this address. Raises Invalid."""
    _check(given)
    login = await queries.by_name(ctx, ctx.at_site.customer_set, email)
    if login is None or not login.is_active:
        raise Invalid.field("customer_email", "is invalid", "invalid")
    number = await ctx.db.value(
        """
        insert into password_reset (tenant_id, account_id, digest, created_at, expires_at, reference, reference_origin,
                                    metadata)
        values ($1, $2, $3, $4, $5, $6, $7, $8) returning id
        """,
        ctx.tenant_id,
        login.account_id,
        digest(token),
        ctx.now,
        ctx.now + LIFE,
        given.get("reference") or None,
        given.get("reference_origin") or None,
        given.get("metadata") or {},
    )
    await events.record(ctx, "login.reset_requested", account_id=login.account_id, subject=f"reset/{number}")
    return int(number)


async def update(ctx: Ctx, number: int, given: dict[str, Any], *, expect: frozenset[int] | None = None) -> None:
    """Change what is told about a reset. Raises NotFound, Stale, Invalid."""
    _check(given)
    row = await _locked(ctx, number)
    check_version(row["version"], expect)
    values = {name: value or ({} if name == "metadata" else None) for name, value in given.items()}
    if not values:
        return
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"""
        update password_reset set version = version + 1, updated_at = $3, {places} where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        number,
        ctx.now,
        *values.values(),
    )
    await events.record(ctx, "login.reset_updated", account_id=row["account_id"], subject=f"reset/{number}")


async def redeem(ctx: Ctx, number: int, token: str, credential: Credential) -> None:
    """Set a password with the token of this reset, once, which also unlocks. Raises NotFound, Invalid."""
    account_id = (await _found(ctx, number))["account_id"]
    await accounts.lock(ctx, account_id)
    row = await _found(ctx, number)  # it may have been used while we waited for the account
    is_good = same(row["digest"], digest(token)) and row["used_at"] is None and ctx.now < row["expires_at"]
    if not is_good or row["newest"] != number:
        raise Invalid.field("_reset_password_token", "is invalid", "invalid")
    await use(ctx, Reset(number, account_id))
    await change_password(ctx, account_id, credential, unlock=True, by=f"reset/{number}")


async def delete(ctx: Ctx, number: int, *, expect: frozenset[int] | None = None) -> None:
    """Withdraw a reset. Raises NotFound, Stale."""
    row = await _locked(ctx, number)
    check_version(row["version"], expect)
    await ctx.db.execute("delete from password_reset where tenant_id = $1 and id = $2", ctx.tenant_id, number)
    await events.record(ctx, "login.reset_withdrawn", account_id=row["account_id"], subject=f"reset/{number}")


async def _found(ctx: Ctx, number: int) -> Row:
    row = await ctx.db.row(
        f"""
        select r.account_id, r.digest, r.used_at, r.expires_at,
               (select max(n.id) from password_reset n where n.tenant_id = $1 and n.account_id = r.account_id) as newest
        from password_reset r join account a on a.tenant_id = $1 and a.id = r.account_id
        where r.tenant_id = $1 and r.id = $2 and a.customer_set_code = {DEFAULT_SET}
        """,
        ctx.tenant_id,
        number,
    )
    if row is None:
        raise NotFound("password reset", number)
    return row


async def _locked(ctx: Ctx, number: int) -> Row:
    row = await ctx.db.row(
        "select r.version, r.account_id from password_reset r where r.tenant_id = $1 and r.id = $2 for update",
        ctx.tenant_id,
        number,
    )
    if row is None:
        raise NotFound("password reset", number)
    return row


def _check(given: dict[str, Any]) -> None:
    for name, length in _LENGTHS.items():
        check_length(name, given.get(name), length)
