"""Reads of logins and tickets."""

from patron.kernel.context import Ctx
from patron.kernel.db import Session
from patron.kernel.errors import NotFound
from patron.logins.model import NAME_LENGTH_MAX, Failures, Login, failure_key, keys_of
from patron.logins.shopper import Shopper

COLUMNS = """l.account_id, l.version, l.customer_set_code, l.user_id, l.user_name, l.password_hash, l.foreign_hash,
    l.is_locked, l.must_change, l.last_locked_at, l.last_login_at, l.last_password_at, l.created_at, l.updated_at,
    a.is_active, a.email, a.locale,
    l.last_fingerprint, l.last_region, l.has_second_factor"""
WIDTH = len(Login.__struct_fields__)
SOURCE = "login l join account a on a.tenant_id = $1 and a.id = l.account_id"


async def get(ctx: Ctx, account_id: int, user_id: str | None = None, *, locks: bool = False) -> Login:
    """The login of an account. Raises NotFound when it has none, or when it is not that user's.

    `locks` keeps both from changing until the transaction ends: the account first, as everybody does.
    """
    row = await ctx.db.row(
        f"""
        select {COLUMNS} from {SOURCE} where l.tenant_id = $1 and l.account_id = $2
        {"for update of a, l" if locks else ""}
        """,
        ctx.tenant_id,
        account_id,
    )
    login = Login(*row) if row else None
    if login is None or (user_id and login.user_id != user_id):
        raise NotFound("login of account", account_id)
    return login


async def by_name(ctx: Ctx, customer_set: str, name: str) -> Login | None:
    """The login to which a user name or e-mail address leads. As a user name it counts first."""
    if len(name.strip()) > NAME_LENGTH_MAX:
        return None
    row = await ctx.db.row(
        f"""
        select {COLUMNS} from {SOURCE}
        join login_name n on n.tenant_id = $1 and n.account_id = l.account_id
        where l.tenant_id = $1 and n.customer_set_code = $2 and n.name_key = any($3)
        order by array_position($3, n.name_key) limit 1
        """,
        ctx.tenant_id,
        customer_set,
        keys_of(name),
    )
    return Login(*row) if row else None


async def to_try(
    ctx: Ctx, customer_set: str, name: str, device: bytes | None, nobody: bytes
) -> tuple[Login | None, bool, Failures]:
    """The login to which a name leads, whether it knows the device, and the wrong passwords in a row that count.

    One statement, the same for a name that leads nowhere: its failures have the key `nobody`. The other keys are those
    that `failure_key` makes.
    """
    row = await ctx.db.row(
        f"""
        with found as (
            select {COLUMNS}, exists (
                select from login_device d
                where d.tenant_id = $1 and d.account_id = l.account_id and d.fingerprint = $4
            ) as is_known
            from {SOURCE}
            join login_name n on n.tenant_id = $1 and n.account_id = l.account_id
            where l.tenant_id = $1 and n.customer_set_code = $2 and n.name_key = any($3)
            order by array_position($3, n.name_key) limit 1
        )
        select found.*, f.failed_count, f.first_at, f.delayed_until
        from (values (true)) as always left join found on true left join sign_in_failure f on f.tenant_id = $1
            and f.key = case
                when found.account_id is null then $5
                when found.is_known then sha256(convert_to(
                    concat_ws(chr(10), 'device', found.account_id, encode($4, 'hex')), 'UTF8'))
                else sha256(convert_to(concat_ws(chr(10), 'login', found.account_id), 'UTF8'))
            end
        """,
        ctx.tenant_id,
        customer_set,
        keys_of(name) if len(name.strip()) <= NAME_LENGTH_MAX else [],
        device,
        nobody,
    )
    assert row is not None
    login = Login(*row[:WIDTH]) if row["account_id"] is not None else None
    failed = row[WIDTH + 1 :]
    return login, bool(row["is_known"]), Failures(*failed) if failed[0] is not None else Failures()


async def failures(ctx: Ctx, key: bytes) -> Failures:
    """The wrong passwords in a row for a key."""
    row = await ctx.db.row(
        "select failed_count, first_at, delayed_until from sign_in_failure where tenant_id = $1 and key = $2",
        ctx.tenant_id,
        key,
    )
    return Failures(*row) if row else Failures()


async def failures_of(ctx: Ctx, login: Login) -> Failures:
    """The wrong passwords in a row for a login."""
    return await failures(ctx, failure_key("login", login.account_id))


async def knows_device(ctx: Ctx, account_id: int, fingerprint: bytes) -> bool:
    """Whether this device has signed in fully before."""
    return bool(
        await ctx.db.value(
            """
            select exists (select from login_device where tenant_id = $1 and account_id = $2 and fingerprint = $3)
            """,
            ctx.tenant_id,
            account_id,
            fingerprint,
        )
    )


async def is_anonymous_shopper(ctx: Ctx, user_id: str) -> bool:
    """Whether somebody who has not signed in got this user id from us, and may still be there."""
    return bool(
        await ctx.db.value(
            """
            select exists (select from ticket_family where tenant_id = $1 and user_id = $2 and account_id is null)
            """,
            ctx.tenant_id,
            user_id,
        )
    )


async def is_alive(db: Session, shopper: Shopper) -> bool:
    """Whether the sign-in that a shopper's token came from has not been ended."""
    return bool(
        await db.value(
            "select exists (select from ticket_family where tenant_id = $1 and id = $2 and ended_at is null)",
            shopper.tenant_id,
            shopper.family_id,
        )
    )
