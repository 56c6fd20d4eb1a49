"""Reads of an organization's users."""

from patron.kernel.context import Ctx
from patron.kernel.db import Session
from patron.kernel.errors import NotFound
from patron.kernel.values import email_key
from patron.staff.model import User

COLUMNS = ", ".join(f"s.{name}" for name in User.__struct_fields__)


async def find(db: Session, tenant_id: int, user_id: int) -> User | None:
    """The user with this id."""
    row = await db.row(f"select {COLUMNS} from staff s where s.tenant_id = $1 and s.id = $2", tenant_id, user_id)
    return User(*row) if row else None


async def named(ctx: Ctx, email: str) -> User:
    """The user with this address. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from staff s where s.tenant_id = $1 and s.email_key = $2", ctx.tenant_id, email_key(email)
    )
    if row is None:
        raise NotFound("user", email[:100])
    return User(*row)


async def every(db: Session, tenant_id: int) -> list[User]:
    """All users, by their address."""
    rows = await db.fetch(f"select {COLUMNS} from staff s where s.tenant_id = $1 order by s.email_key", tenant_id)
    return [User(*row) for row in rows]


async def password_of(ctx: Ctx, email: str) -> tuple[User, str] | None:
    """An active user and the hash of their password."""
    row = await ctx.db.row(
        f"select {COLUMNS}, s.password_hash from staff s where s.tenant_id = $1 and s.email_key = $2 and s.is_active",
        ctx.tenant_id,
        email_key(email),
    )
    return (User(*list(row)[:-1]), str(row["password_hash"])) if row else None
