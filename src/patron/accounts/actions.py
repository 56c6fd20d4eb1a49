"""Changes of the account row itself. What spans its children lives in the slice `customers`."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from patron.accounts.model import AUDITED, Account, Profile, Registration, checked, keys
from patron.accounts.queries import COLUMNS
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound, Refused, Retry, Taken
from patron.kernel.written import check_length


async def lock(ctx: Ctx, account_id: int) -> Account:
    """The account, locked until the transaction ends. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from account a where a.tenant_id = $1 and a.id = $2 for update", ctx.tenant_id, account_id
    )
    if row is None:
        raise NotFound("account", account_id)
    return Account(*row)


_RAISE = "update account set version = version + 1 where tenant_id = $1 and id = $2"


async def touch(ctx: Ctx, account_id: int) -> None:
    """Lock the account for a change of its children and raise its version. Raises NotFound."""
    if not await ctx.db.execute(_RAISE, ctx.tenant_id, account_id):
        raise NotFound("account", account_id)


async def set_last_visit(ctx: Ctx, account_id: int, at: datetime | None) -> None:
    """Say when the last visit of an account was, which the caller has locked and whose version it has raised."""
    await ctx.db.execute(
        "update account set last_visit_at = $3 where tenant_id = $1 and id = $2", ctx.tenant_id, account_id, at
    )


class Tally(msgspec.Struct, frozen=True):
    """Visits of one account: how many more there are (or fewer), and when the last of them was."""

    visits: int
    last_at: datetime | None


async def count_visits(ctx: Ctx, tallies: Mapping[int, Tally]) -> dict[int, Account]:
    """Count visits on their accounts, which are locked by that, always in the same order. One statement.

    Answers the accounts as they are now; one that is not among them is not there.
    """
    rows = await ctx.db.fetch(
        f"""
        with locked as (
            select a.id from account a where a.tenant_id = $1 and a.id = any($2::bigint[]) order by a.id for update
        )
        update account a set version = version + 1, visit_count = a.visit_count + g.visits,
               last_visit_at = greatest(a.last_visit_at, g.last_at)
        from unnest($2::bigint[], $3::bigint[], $4::timestamptz[]) as g (id, visits, last_at)
             join locked on locked.id = g.id
        where a.tenant_id = $1 and a.id = g.id returning {COLUMNS}
        """,
        ctx.tenant_id,
        list(tallies),
        [tally.visits for tally in tallies.values()],
        [tally.last_at for tally in tallies.values()],
    )
    return {row["id"]: Account(*row) for row in rows}


async def raise_version(ctx: Ctx, account_id: int) -> None:
    """The same without the lock, for a new child that looks at no other; its foreign key proves that the account is."""
    await ctx.db.write(_RAISE, ctx.tenant_id, account_id)


async def create(
    ctx: Ctx,
    profile: Profile,
    *,
    registration: Registration | None = None,
    user_id: str | None = None,
    user_name: str | None = None,
    since: datetime | None = None,
    created: datetime | None = None,
) -> Account:
    """A new account in the site's customer set, without its event: the caller records what it made of it.

    A registered account holds its e-mail address and takes it over from a guest; a guest holds it when nobody does
    (its `user_id` is that of an anonymous shopper, its `user_name` leads nowhere). `since` and `created` are those of
    an imported account. Raises Invalid, or Taken for an address that another login holds or a user id in use.
    """
    profile = checked(profile)
    user_name = registration.user_name if registration else user_name
    site = ctx.at_site
    made = keys(profile, user_name)
    values = {
        "customer_set_code": site.customer_set,
        "order_currency": site.currency,
        "user_id": registration.user_id if registration else user_id,
        "user_name": user_name,
        "is_anonymous": registration is None,
        "has_foreign_hash": registration is not None and registration.has_foreign_hash,
        "needs_migration": registration is not None and registration.needs_migration,
        "since_at": since or created or ctx.now,
        "created_at": created or ctx.now,
        "created_by": ctx.actor.name,
        "updated_at": ctx.now,
        "updated_by": ctx.actor.name,
        **msgspec.structs.asdict(profile),
        **made,
    }
    row = await _insert(ctx, values, holds=bool(profile.email))
    if row is None and registration is not None:
        await release_email(ctx, site.customer_set, made["email_key"])
        row = await _insert(ctx, values, holds=True)
        if row is None:
            raise Taken("account", "email")
    elif row is None:
        row = await _insert(ctx, values, holds=False)
    assert row is not None
    await _count(ctx, site.customer_set, accounts=1, anonymous=0 if registration else 1)
    return Account(*row)


async def _insert(ctx: Ctx, values: dict[str, Any], *, holds: bool) -> Any:
    """The new row, or None when another account holds the address that this one would hold."""
    columns = {**values, "holds_email": holds}
    places = ", ".join(f"${n}" for n in range(2, len(columns) + 2))
    return await ctx.db.row(
        f"""
        insert into account as a (tenant_id, {", ".join(columns)}) values ($1, {places})
        on conflict (tenant_id, customer_set_code, email_key) where holds_email do nothing returning {COLUMNS}
        """,
        ctx.tenant_id,
        *columns.values(),
    )


async def release_email(ctx: Ctx, customer_set: str, key: str | None, *, but: int = 0) -> None:
    """Let go of an address that a guest (other than `but`) holds, so that a login can take it."""
    await ctx.db.execute(
        """
        update account set holds_email = false, version = version + 1
        where tenant_id = $1 and customer_set_code = $2 and email_key = $3 and holds_email and is_anonymous
          and id <> $4
        """,
        ctx.tenant_id,
        customer_set,
        key,
        but,
    )


async def _count(ctx: Ctx, customer_set: str, *, accounts: int = 0, anonymous: int = 0) -> None:
    await ctx.db.write(
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


async def update(ctx: Ctx, account: Account, profile: Profile, *, user_name: str | None) -> Account:
    """Replace the profile of an account that the caller has locked. Records what changed.

    Raises Invalid, or Taken for an address that another login holds.
    """
    profile = checked(profile)
    made = keys(profile, user_name)
    if account.has_login:
        await _claim_email(ctx, account, made["email_key"])
    holds = made["email_key"] is not None and (account.has_login or not await _is_held(ctx, account, made["email_key"]))
    values = {**msgspec.structs.asdict(profile), **made, "user_name": user_name, "holds_email": holds}
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=5))
    after = await _write(
        ctx,
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
    changes = events.difference(account, after, AUDITED)
    if changes:
        await events.record(ctx, "account.updated", account_id=account.id, changes=changes)
    return after


_REFERENCES = {"profile_id": 128, "shopper_reference": 128, "reference_origin": 200}


async def set_references(
    ctx: Ctx, account_id: int, references: Mapping[str, str | None], metadata: dict[str, Any] | None = None
) -> None:
    """Write what only one dialect shows of an account that the caller has locked: names in other systems, metadata.

    Raises Invalid.
    """
    values: dict[str, Any] = {}
    for name, text in references.items():
        values[name] = text.strip() or None if text else None
        check_length(name, text, _REFERENCES[name])
    if metadata is not None:
        values["metadata"] = metadata
    if not values:
        return
    row = await ctx.db.row(
        f"select {', '.join(values)} from account where tenant_id = $1 and id = $2", ctx.tenant_id, account_id
    )
    assert row is not None
    changes: events.Changes = {name: (row[name], value) for name, value in values.items() if row[name] != value}
    if not changes:
        return
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"update account set version = version + 1, updated_at = $3, {places} where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        account_id,
        ctx.now,
        *values.values(),
    )
    await events.record(ctx, "account.updated", account_id=account_id, changes=changes)


async def _claim_email(ctx: Ctx, account: Account, key: str | None) -> None:
    """Have a login take its address from a guest. Raises Taken when another login holds it."""
    if key is not None:
        await release_email(ctx, account.customer_set, key, but=account.id)
        # A guest that took it since then is met when the account is written, and the request runs again.
        if await _is_held(ctx, account, key, by_login=True):
            raise Taken("account", "email")


async def _is_held(ctx: Ctx, account: Account, key: str | None, *, by_login: bool = False) -> bool:
    return bool(
        await ctx.db.value(
            """
            select exists (select from account a where a.tenant_id = $1 and a.customer_set_code = $2
                           and a.email_key = $3 and a.holds_email and a.id <> $4 and not (a.is_anonymous and $5))
            """,
            ctx.tenant_id,
            account.customer_set,
            key,
            account.id,
            by_login,
        )
    )


async def _write(ctx: Ctx, sql: str, *args: object) -> Account:
    """Write an account that may hold its address as far as could be seen. Raises Retry when somebody was faster."""
    try:
        row = await ctx.db.row(sql, *args)
    except Taken as error:
        if error.field == "email":
            raise Retry from error
        raise
    assert row is not None
    return Account(*row)


async def register(ctx: Ctx, account: Account, registration: Registration) -> Account:
    """Make a guest, locked by the caller, a registered account that holds its address.

    Raises Taken when another login holds the address.
    """
    made = keys(profile_of(account), registration.user_name)
    await _claim_email(ctx, account, made["email_key"])
    after = await _write(
        ctx,
        f"""
        update account as a set version = version + 1, is_anonymous = false, user_id = $3, user_name = $4,
               has_foreign_hash = $5, needs_migration = $6, holds_email = email_key is not null, search = $7,
               updated_at = $8, updated_by = $9
        where a.tenant_id = $1 and a.id = $2 returning {COLUMNS}
        """,
        ctx.tenant_id,
        account.id,
        registration.user_id,
        registration.user_name,
        registration.has_foreign_hash,
        registration.needs_migration,
        made["search"],
        ctx.now,
        ctx.actor.name,
    )
    await _count(ctx, account.customer_set, anonymous=-1)
    return after


def profile_of(account: Account) -> Profile:
    """The part of an account that a caller writes."""
    return Profile(**{name: getattr(account, name) for name in Profile.__struct_fields__})


async def mark(
    ctx: Ctx,
    account_id: int,
    *,
    is_locked: bool | None = None,
    has_foreign_hash: bool | None = None,
    needs_migration: bool | None = None,
    second_factor_at: datetime | None = None,
) -> None:
    """Keep the account's copies of what its login says in step."""
    await ctx.db.execute(
        """
        update account set version = version + 1, is_locked = coalesce($3, is_locked),
               has_foreign_hash = coalesce($4, has_foreign_hash), needs_migration = coalesce($5, needs_migration),
               second_factor_at = coalesce($6, second_factor_at)
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        account_id,
        is_locked,
        has_foreign_hash,
        needs_migration,
        second_factor_at,
    )


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


async def anonymize(ctx: Ctx, account: Account) -> None:
    """Replace what says who an account was, which the caller has locked. It leads nowhere and nobody signs in to it."""
    made = keys(Profile(), None)
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(made, start=5))
    await ctx.db.execute(
        f"""
        update account set version = version + 1, updated_at = $3, email = $4, holds_email = false, user_id = null,
               user_name = null, first_name = null, last_name = null, company = null, external_id = null,
               tax_id = null, locale = null, is_active = false, is_locked = false, is_anonymous = true,
               accepts_marketing = false, has_foreign_hash = false, needs_migration = false, account_type = 'B2C',
               profile_id = null, shopper_reference = null, reference_origin = null, metadata = '{{}}',
               created_by = null, updated_by = null, {places}
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        account.id,
        ctx.now,
        f"anonymized-{account.id}@example.invalid",
        *made.values(),
    )
    if not account.is_anonymous:
        await _count(ctx, account.customer_set, anonymous=1)


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
