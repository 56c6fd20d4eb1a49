"""Changes of the account row itself. What spans its children lives in the slice `customers`."""

import secrets
from datetime import datetime
from typing import Any

import msgspec

from patron.accounts.model import AUDITED, Account, Profile, checked, keys
from patron.accounts.queries import COLUMNS
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound, Refused, Taken, check_version


async def lock(ctx: Ctx, account_id: int) -> Account:
    """The account, locked until the transaction ends. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from account a where a.tenant_id = $1 and a.id = $2 for update", ctx.tenant_id, account_id
    )
    if row is None:
        raise NotFound("account", account_id)
    return Account(*row)


async def touch(ctx: Ctx, account_id: int) -> None:
    """Lock the account for a change of its children and raise its version. Raises NotFound."""
    if not await ctx.db.execute(
        "update account set version = version + 1 where tenant_id = $1 and id = $2", ctx.tenant_id, account_id
    ):
        raise NotFound("account", account_id)


async def create(
    ctx: Ctx,
    profile: Profile,
    *,
    user_id: str | None = None,
    user_name: str | None = None,
    is_registered: bool = False,
    since: datetime | None = None,
) -> Account:
    """A new account in the site's customer set, without its event: the caller records what it made of it.

    A registered account holds its e-mail address and takes it over from a guest; a guest holds it when nobody does.
    Raises Invalid, or Taken for an address that another login holds or a user id in use.
    """
    profile = checked(profile)
    row = await _insert(ctx, profile, user_id, user_name, is_registered, since, holds=bool(profile.email))
    if row is None and is_registered:
        await release_email(ctx, ctx.at_site.customer_set, keys(profile, user_name)["email_key"])
        row = await _insert(ctx, profile, user_id, user_name, is_registered, since, holds=True)
        if row is None:
            raise Taken("account", "email")
    elif row is None:
        row = await _insert(ctx, profile, user_id, user_name, is_registered, since, holds=False)
    assert row is not None
    await _count(ctx, ctx.at_site.customer_set, accounts=1, anonymous=0 if is_registered else 1)
    return Account(*row)


async def _insert(
    ctx: Ctx,
    profile: Profile,
    user_id: str | None,
    user_name: str | None,
    is_registered: bool,
    since: datetime | None,
    *,
    holds: bool,
) -> Any:
    site = ctx.at_site
    values = {
        "customer_set_code": site.customer_set,
        "order_currency": site.currency,
        "user_id": user_id,
        "user_name": user_name,
        "is_anonymous": not is_registered,
        "holds_email": holds,
        "since_at": since or ctx.now,
        "created_at": since or ctx.now,
        "created_by": ctx.actor.name,
        "updated_at": ctx.now,
        "updated_by": ctx.actor.name,
        **msgspec.structs.asdict(profile),
        **keys(profile, user_name),
    }
    places = ", ".join(f"${n}" for n in range(2, len(values) + 2))
    return await ctx.db.row(
        f"""
        insert into account as a (tenant_id, {", ".join(values)}) values ($1, {places})
        on conflict (tenant_id, customer_set_code, email_key) where holds_email do nothing returning {COLUMNS}
        """,
        ctx.tenant_id,
        *values.values(),
    )


async def release_email(ctx: Ctx, customer_set: str, key: str | None) -> None:
    """Let go of an address that a guest holds, so that a login can take it."""
    await ctx.db.execute(
        """
        update account set holds_email = false, version = version + 1
        where tenant_id = $1 and customer_set_code = $2 and email_key = $3 and holds_email and is_anonymous
        """,
        ctx.tenant_id,
        customer_set,
        key,
    )


async def _count(ctx: Ctx, customer_set: str, *, accounts: int = 0, anonymous: int = 0) -> None:
    await ctx.db.execute(
        """
        update account_count set accounts = accounts + $4, anonymous = anonymous + $5
        where tenant_id = $1 and customer_set_code = $2 and slot = $3
        """,
        ctx.tenant_id,
        customer_set,
        secrets.randbelow(16),
        accounts,
        anonymous,
    )


async def update(
    ctx: Ctx, account: Account, profile: Profile, *, user_name: str | None, expect: frozenset[int] | None = None
) -> Account:
    """Replace the profile of an account that the caller has locked. Records what changed.

    Raises Stale, Invalid, or Taken for an address that another login holds.
    """
    check_version(account.version, expect)
    profile = checked(profile)
    made = keys(profile, user_name)
    holds = await _holds_after(ctx, account, made["email_key"])
    values = {**msgspec.structs.asdict(profile), **made, "user_name": user_name, "holds_email": holds}
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=5))
    row = await ctx.db.row(
        f"""
        update account as a set version = version + 1, updated_at = $3, updated_by = $4, {places}
        where a.tenant_id = $1 and a.id = $2 returning {COLUMNS}
        """,
        ctx.tenant_id,
        account.id,
        ctx.now,
        ctx.actor.name,
        *values.values(),
    )
    assert row is not None
    after = Account(*row)
    changes = events.difference(account, after, AUDITED)
    if changes:
        await events.record(ctx, "account.updated", account_id=account.id, changes=changes)
    return after


async def _holds_after(ctx: Ctx, account: Account, key: str | None) -> bool:
    """Whether the account may hold its (new) address: a login always, a guest when nobody else does."""
    if key is None:
        return False
    if account.has_login:
        await release_email_of_others(ctx, account, key)
        return True
    return not await ctx.db.value(
        """
        select exists (select from account a where a.tenant_id = $1 and a.customer_set_code = $2
                       and a.email_key = $3 and a.holds_email and a.id <> $4)
        """,
        ctx.tenant_id,
        account.customer_set,
        key,
        account.id,
    )


async def release_email_of_others(ctx: Ctx, account: Account, key: str) -> None:
    """Let a login take its address over from a guest."""
    await ctx.db.execute(
        """
        update account set holds_email = false, version = version + 1
        where tenant_id = $1 and customer_set_code = $2 and email_key = $3 and holds_email and is_anonymous
          and id <> $4
        """,
        ctx.tenant_id,
        account.customer_set,
        key,
        account.id,
    )


async def register(ctx: Ctx, account: Account, *, user_id: str, user_name: str, foreign_hash: bool) -> Account:
    """Make a guest, locked by the caller, a registered account that holds its address.

    Raises Taken when another login holds the address.
    """
    row = await ctx.db.row(
        "select email_key, search from account where tenant_id = $1 and id = $2", ctx.tenant_id, account.id
    )
    assert row is not None
    if row["email_key"] is not None:
        await release_email_of_others(ctx, account, row["email_key"])
    made = await ctx.db.row(
        f"""
        update account as a set version = version + 1, is_anonymous = false, user_id = $3, user_name = $4,
               has_foreign_hash = $5, holds_email = email_key is not null, search = $6, updated_at = $7, updated_by = $8
        where a.tenant_id = $1 and a.id = $2 returning {COLUMNS}
        """,
        ctx.tenant_id,
        account.id,
        user_id,
        user_name,
        foreign_hash,
        _search_with(row["search"], user_name),
        ctx.now,
        ctx.actor.name,
    )
    assert made is not None
    await _count(ctx, account.customer_set, anonymous=-1)
    return Account(*made)


def _search_with(search: str, user_name: str) -> str:
    from patron.kernel.values import fold

    name = fold(user_name)
    return search if name in search.split() else f"{search} {name}".strip()


async def set_active(ctx: Ctx, account: Account, *, active: bool) -> Account:
    """Disable or enable an account that the caller has locked. Doing it again changes nothing."""
    if account.is_active == active:
        return account
    await ctx.db.execute(
        """
        update account set is_active = $3, version = version + 1, updated_at = $4, updated_by = $5
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        account.id,
        active,
        ctx.now,
        ctx.actor.name,
    )
    await events.record(
        ctx,
        "account.enabled" if active else "account.disabled",
        account_id=account.id,
        changes={"is_active": (account.is_active, active)},
    )
    return msgspec.structs.replace(account, is_active=active, version=account.version + 1)


async def delete(ctx: Ctx, account: Account) -> None:
    """Remove an account that the caller has locked, and with it all that hangs on it.

    Raises Refused when it has orders: those need their customer (Kibo behaviour 6.5).
    """
    if account.order_count:
        raise Refused("account_has_orders", "An account with orders cannot be deleted; disable it instead.")
    await events.record(
        ctx, "account.deleted", account_id=account.id, changes=events.difference(account, None, AUDITED)
    )
    await ctx.db.execute("delete from account where tenant_id = $1 and id = $2", ctx.tenant_id, account.id)
    await _count(ctx, account.customer_set, accounts=-1, anonymous=-1 if account.is_anonymous else 0)
