"""Authenticator apps as second factors, with recovery codes: added, confirmed, asked, removed. Beyond the contract.

A shopper adds an app with the password and removes one with a code of it: a ticket that somebody found open suffices
for neither. Staff may remove an app for who lost it.
"""

from datetime import datetime

import msgspec

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, Refused, TooMany
from patron.logins import mails, queries, strikes, totp
from patron.logins.model import FACTOR_CONFIRM_LIFE, FACTOR_NAME_MAX, FACTORS_MAX, RECOVERY_CODES, Login

SECRET_PURPOSE = "authenticator secret"


class Factor(msgspec.Struct, frozen=True):
    """An authenticator app. The fields stand in the order of `_COLUMNS`."""

    id: int
    name: str
    last_step: int
    created_at: datetime
    confirmed_at: datetime | None
    last_used_at: datetime | None


class Enrolment(msgspec.Struct, frozen=True):
    """A new app, with what it needs to know: shown once."""

    factor: Factor
    secret: str
    uri: str


class Standing(msgspec.Struct, frozen=True):
    """The second factors of a login."""

    factors: list[Factor]
    recovery_codes_left: int


_COLUMNS = ", ".join(Factor.__struct_fields__)


async def standing(ctx: Ctx, account_id: int) -> Standing:
    """The apps of a login, unconfirmed ones too, and how many recovery codes are left. Raises NotFound."""
    await queries.get(ctx, account_id)
    rows = await ctx.db.fetch(
        f"select {_COLUMNS} from second_factor where tenant_id = $1 and account_id = $2 order by id",
        ctx.tenant_id,
        account_id,
    )
    return Standing([Factor(*row) for row in rows], await _recovery_codes_left(ctx, account_id))


async def _recovery_codes_left(ctx: Ctx, account_id: int) -> int:
    return int(
        await ctx.db.value(
            "select count(*) from recovery_code where tenant_id = $1 and account_id = $2 and used_at is null",
            ctx.tenant_id,
            account_id,
        )
    )


async def enrol(ctx: Ctx, account_id: int, name: str) -> Enrolment:
    """A new app, which counts when it is confirmed, within an hour. Replaces one that was not confirmed.

    Raises NotFound, Invalid, Refused beyond three.
    """
    if not name.strip() or len(name) > FACTOR_NAME_MAX:
        raise Invalid.field("name", f"has 1 to {FACTOR_NAME_MAX} characters")
    login = await queries.get(ctx, account_id, locks=True)
    await ctx.db.execute(
        "delete from second_factor where tenant_id = $1 and account_id = $2 and confirmed_at is null",
        ctx.tenant_id,
        account_id,
    )
    if len(await _confirmed(ctx, account_id)) >= FACTORS_MAX:
        raise Refused("second_factors_max", f"An account has at most {FACTORS_MAX} authenticator apps.")
    secret = totp.new_secret()
    row = await ctx.db.row(
        f"""
        insert into second_factor (tenant_id, account_id, name, sealed_secret, created_at)
        values ($1, $2, $3, $4, $5) returning {_COLUMNS}
        """,
        ctx.tenant_id,
        account_id,
        name.strip(),
        ctx.secrets.vault.seal(secret, SECRET_PURPOSE),
        ctx.now,
    )
    assert row is not None
    shown_uri = totp.uri(secret, ctx.at_site.name, login.email or login.user_name)
    return Enrolment(Factor(*row), totp.shown_secret(secret), shown_uri)


async def _confirmed(ctx: Ctx, account_id: int) -> list[tuple[Factor, bytes]]:
    """The apps that count, with their sealed secrets."""
    rows = await ctx.db.fetch(
        f"""
        select {_COLUMNS}, sealed_secret from second_factor
        where tenant_id = $1 and account_id = $2 and confirmed_at is not null order by id
        """,
        ctx.tenant_id,
        account_id,
    )
    return [(Factor(*row[:-1]), row["sealed_secret"]) for row in rows]


async def confirm(ctx: Ctx, account_id: int, factor_id: int, code: str) -> list[str] | None:
    """Have a new app count from now on, as its code proves that it works. The first one brings recovery codes.

    Answers those, or None when the login has some already. Raises NotFound, Invalid, Refused.
    """
    login = await queries.get(ctx, account_id, locks=True)
    row = await ctx.db.row(
        f"select {_COLUMNS}, sealed_secret from second_factor where tenant_id = $1 and account_id = $2 and id = $3",
        ctx.tenant_id,
        account_id,
        factor_id,
    )
    if row is None:
        raise NotFound("second factor", factor_id)
    factor = Factor(*row[:-1])
    if factor.confirmed_at is not None:
        raise Refused("second_factor_confirmed", "This authenticator app is confirmed already.")
    if ctx.now >= factor.created_at + FACTOR_CONFIRM_LIFE:
        raise Refused("second_factor_expired", "This authenticator app was not confirmed in time; add it again.")
    secret = ctx.secrets.vault.open(row["sealed_secret"], SECRET_PURPOSE)
    step = totp.matching_step(secret, totp.typed(code), ctx.now, after=0)
    if step is None:
        raise Invalid.field("otp_code", "is not the code that the app shows now")
    await ctx.db.execute(
        "update second_factor set confirmed_at = $3, last_step = $4 where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        factor_id,
        ctx.now,
        step,
    )
    await _set_has(ctx, account_id, has=True)
    changes: events.Changes = {f"second_factor/{factor_id}": (None, factor.name)}
    await events.record(
        ctx, "login.second_factor_added", account_id=account_id, subject=f"factor/{factor_id}", changes=changes
    )
    await mails.second_factor_changed(ctx, login, factor.name, is_added=True)
    return None if login.has_second_factor else await _new_recovery_codes(ctx, account_id)


async def _set_has(ctx: Ctx, account_id: int, *, has: bool) -> None:
    """Sign-ins that wait for another kind of code end with the raised version."""
    await ctx.db.execute(
        """
        update login set has_second_factor = $3, version = version + 1, updated_at = $4
        where tenant_id = $1 and account_id = $2
        """,
        ctx.tenant_id,
        account_id,
        has,
        ctx.now,
    )


async def _new_recovery_codes(ctx: Ctx, account_id: int) -> list[str]:
    found = [totp.new_recovery_code() for _ in range(RECOVERY_CODES)]
    await ctx.db.execute(
        "delete from recovery_code where tenant_id = $1 and account_id = $2", ctx.tenant_id, account_id
    )
    await ctx.db.execute(
        """
        insert into recovery_code (tenant_id, account_id, mac, created_at)
        select $1, $2, made.mac, $4 from unnest($3::text[]) as made (mac)
        """,
        ctx.tenant_id,
        account_id,
        [_mac(ctx, account_id, code) for code in found],
        ctx.now,
    )
    await events.record(ctx, "login.recovery_codes_made", account_id=account_id)
    return found


def _mac(ctx: Ctx, account_id: int, code: str) -> str:
    return ctx.secrets.vault.mac("recovery code", f"{ctx.tenant_id} {account_id} {totp.typed(code)}")


async def accept(ctx: Ctx, login: Login, code: str) -> bool:
    """Whether this is the code that one of the apps shows now, or a recovery code, which is used up then.

    The caller has locked the account, and counts the wrong ones.
    """
    code = totp.typed(code)
    if not totp.is_app_code(code):
        return await _accept_recovery(ctx, login, code)
    for factor, sealed in await _confirmed(ctx, login.account_id):
        secret = ctx.secrets.vault.open(sealed, SECRET_PURPOSE)
        step = totp.matching_step(secret, code, ctx.now, after=factor.last_step)
        if step is not None:
            await ctx.db.execute(
                "update second_factor set last_step = $3, last_used_at = $4 where tenant_id = $1 and id = $2",
                ctx.tenant_id,
                factor.id,
                step,
                ctx.now,
            )
            return True
    return False


async def _accept_recovery(ctx: Ctx, login: Login, code: str) -> bool:
    used = await ctx.db.execute(
        """
        update recovery_code set used_at = $4
        where tenant_id = $1 and account_id = $2 and mac = $3 and used_at is null
        """,
        ctx.tenant_id,
        login.account_id,
        _mac(ctx, login.account_id, code),
        ctx.now,
    )
    if used:
        await events.record(ctx, "login.recovery_code_used", account_id=login.account_id)
        await mails.recovery_code_used(ctx, login, await _recovery_codes_left(ctx, login.account_id))
    return bool(used)


async def _proved(ctx: Ctx, login: Login, code: str | None) -> bool:
    """Whether the caller may change the login's second factors: staff, or a shopper with a code of them.

    Wrong codes are counted, so the caller commits. Raises Invalid for a shopper without one, TooMany.
    """
    if ctx.actor.kind != "shopper":
        return True
    if not code:
        raise Invalid.field("otp_code", "is needed: a code of the app, or a recovery code", "missing")
    key = strikes.factor_key(login.account_id)
    if await strikes.is_out(ctx, key):
        raise TooMany("Too many wrong codes; try again later, or set a new password.", retry_after=3_600)
    if await accept(ctx, login, code):
        return True
    await strikes.count(ctx, key)
    await events.record(ctx, "login.code_failed", account_id=login.account_id)
    return False


async def remove(ctx: Ctx, account_id: int, factor_id: int, code: str | None) -> bool:
    """Take an app away; with the last one the recovery codes go. Answers whether the shopper's code was right.

    Raises NotFound, Invalid, TooMany.
    """
    login = await queries.get(ctx, account_id, locks=True)
    factors = {factor.id: factor for factor in (await standing(ctx, account_id)).factors}
    if factor_id not in factors:
        raise NotFound("second factor", factor_id)
    factor = factors[factor_id]
    if factor.confirmed_at is not None and not await _proved(ctx, login, code):
        return False
    await ctx.db.execute("delete from second_factor where tenant_id = $1 and id = $2", ctx.tenant_id, factor_id)
    if factor.confirmed_at is None:
        return True
    if not any(other.confirmed_at for other in factors.values() if other is not factor):
        await _set_has(ctx, account_id, has=False)
        await ctx.db.execute(
            "delete from recovery_code where tenant_id = $1 and account_id = $2", ctx.tenant_id, account_id
        )
    changes: events.Changes = {f"second_factor/{factor_id}": (factor.name, None)}
    await events.record(
        ctx, "login.second_factor_removed", account_id=account_id, subject=f"factor/{factor_id}", changes=changes
    )
    await mails.second_factor_changed(ctx, login, factor.name, is_added=False)
    return True


async def renew_recovery_codes(ctx: Ctx, account_id: int, code: str | None) -> list[str] | None:
    """New recovery codes in place of all old ones; None when the shopper's code was wrong.

    Raises NotFound, Refused without an app, Invalid, TooMany.
    """
    login = await queries.get(ctx, account_id, locks=True)
    if not login.has_second_factor:
        raise Refused("second_factor_missing", "Recovery codes come with an authenticator app; add one first.")
    return await _new_recovery_codes(ctx, account_id) if await _proved(ctx, login, code) else None
