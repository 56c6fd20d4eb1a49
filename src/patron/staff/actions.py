"""Changes of an organization's users. Whoever is switched off, or gets another password, is signed out everywhere."""

from datetime import datetime
from zoneinfo import ZoneInfo

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.db import Session
from patron.kernel.errors import Faults, Invalid
from patron.kernel.values import check_email, email_key
from patron.logins import strikes
from patron.staff import sign_in
from patron.staff.model import NAME_LENGTH_MAX, User, user_subject
from patron.tenants import grants


async def create(
    ctx: Ctx, *, email: str, first_name: str, last_name: str, time_zone: str | None, password_hash: str
) -> int:
    """A user. Answers their id. Raises Invalid, and Taken for an address that another one has."""
    address = _checked(email, first_name, last_name, time_zone)
    user_id = int(
        await ctx.db.value(
            """
            insert into staff (tenant_id, email, email_key, first_name, last_name, time_zone, password_hash, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8) returning id
            """,
            ctx.tenant_id,
            address,
            email_key(address),
            first_name,
            last_name,
            time_zone,
            password_hash,
            ctx.now,
        )
    )
    await events.record(ctx, "user.created", subject=f"user/{user_id}", changes={"email": (None, address)})
    return user_id


def _checked(email: str, first_name: str, last_name: str, time_zone: str | None) -> str:
    """The address without blanks around it. Raises Invalid for whatever is wrong."""
    faults, address = Faults(), email
    with faults.of():
        try:
            address = check_email(email)
        except ValueError as error:
            raise Invalid.field("email", f"{email[:100]}: {error}.") from None
    for field, name in (("first_name", first_name), ("last_name", last_name)):
        with faults.of():
            if not name.isprintable() or len(name) > NAME_LENGTH_MAX:
                raise Invalid.field(field, f"A name has at most {NAME_LENGTH_MAX} characters, in one line.")
    with faults.of():
        if time_zone is not None and not _is_time_zone(time_zone):
            raise Invalid.field("time_zone", f"There is no time zone {time_zone[:100]}. One is Europe/Rome.")
    faults.tell()
    return address


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, or no name at all
        return False
    return True


async def put(
    db: Session, tenant_id: int, *, email: str, first_name: str, last_name: str, password_hash: str, now: datetime
) -> None:
    """A user with this password, whether new or known by the address."""
    await db.execute(
        """
        insert into staff (tenant_id, email, email_key, first_name, last_name, password_hash, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (tenant_id, email_key) do update set password_hash = excluded.password_hash, is_active = true
        """,
        tenant_id,
        email,
        email_key(email),
        first_name,
        last_name,
        password_hash,
        now,
    )


async def set_password(ctx: Ctx, user: User, password_hash: str) -> None:
    """Give a user another password, and switch them on."""
    await _lock(ctx, user)
    await ctx.db.execute(
        "update staff set password_hash = $3, is_active = true where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        user.id,
        password_hash,
    )
    await strikes.clear(ctx, sign_in.failures_key(user.email))
    await _sign_out(ctx, user)
    await events.record(ctx, "user.password_changed", subject=f"user/{user.id}")


async def disable(ctx: Ctx, user: User) -> None:
    """Switch a user off: they sign in no more."""
    await _lock(ctx, user)
    await ctx.db.execute("update staff set is_active = false where tenant_id = $1 and id = $2", ctx.tenant_id, user.id)
    await _sign_out(ctx, user)
    await events.record(ctx, "user.disabled", subject=f"user/{user.id}")


async def _lock(ctx: Ctx, user: User) -> None:
    """So that no grant is made for the user meanwhile: its row would need this one."""
    await ctx.db.row("select s.id from staff s where s.tenant_id = $1 and s.id = $2 for update", ctx.tenant_id, user.id)


async def _sign_out(ctx: Ctx, user: User) -> None:
    """End whatever programs got from a user: tokens, and codes that were not used yet."""
    await ctx.db.execute(
        "update authorization_code set used_at = $3 where tenant_id = $1 and staff_id = $2 and used_at is null",
        ctx.tenant_id,
        user.id,
        ctx.now,
    )
    await grants.end_all_of_user(ctx.db, ctx.tenant_id, user.id, ctx.now)
    await ctx.secrets.revocations.announce(ctx.db, user_subject(ctx.tenant_id, user.id))
