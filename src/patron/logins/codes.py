"""One-time codes by mail: six digits, three minutes, three tries (Kibo behaviour 8.4).

A code is for something, its *key*: a sign-in that waits, or signing in without a password. Of a key the newest counts.
What is stored is a keyed code of it: without the installation's key a million guesses would find each.
"""

from datetime import datetime

import msgspec

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.secrets import random_digits, random_token, same
from patron.logins import mails
from patron.logins.model import CODE_DIGITS, CODE_LIFE, CODE_TRIES, CODES_WITHIN, Login
from patron.mails.model import Kind


class Sent(msgspec.Struct, frozen=True):
    """How many codes were mailed within the hour, and when the last was."""

    count: int
    last_at: datetime | None


async def sent(ctx: Ctx, account_id: int, key: bytes | None = None) -> Sent:
    """The codes that were mailed to a login within the hour: for a key, or all."""
    row = await ctx.db.row(
        """
        select count(*), max(created_at) from mailed_code
        where tenant_id = $1 and account_id = $2 and created_at > $3 and ($4::bytea is null or key = $4)
        """,
        ctx.tenant_id,
        account_id,
        ctx.now - CODES_WITHIN,
        key,
    )
    assert row is not None
    return Sent(*row)


async def send(ctx: Ctx, login: Login, key: bytes, kind: Kind) -> None:
    """Mail a new code, in place of an older one of its key."""
    code, code_id = random_digits(CODE_DIGITS), random_token()
    await ctx.db.execute(
        """
        insert into mailed_code (tenant_id, id, account_id, key, mac, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        ctx.tenant_id,
        code_id,
        login.account_id,
        key,
        _mac(ctx, code_id, code),
        ctx.now,
        ctx.now + CODE_LIFE,
    )
    await events.record(ctx, "login.code_sent", account_id=login.account_id)
    await mails.code(ctx, kind, login, code)


async def matches(ctx: Ctx, account_id: int, key: bytes, code: str, *, is_known: bool = False) -> bool | None:
    """Whether this is the newest code of a key, which is used up then; None when there is none to try (any more).

    A wrong one is counted, the third voids the code. On a device that `is_known` the wrong ones of others do not count.
    The caller has locked the account, so that guesses come one after the other, and commits whatever the answer is.
    """
    row = await ctx.db.row(
        """
        select id, mac, failed_count, failed_known_count, expires_at, ended_at from mailed_code
        where tenant_id = $1 and account_id = $2 and key = $3 order by created_at desc, id limit 1
        """,
        ctx.tenant_id,
        account_id,
        key,
    )
    counter = "failed_known_count" if is_known else "failed_count"
    if row is None or row["ended_at"] is not None or ctx.now >= row["expires_at"] or row[counter] >= CODE_TRIES:
        return None
    is_right = same(row["mac"].encode(), _mac(ctx, row["id"], code).encode())
    await ctx.db.execute(
        """
        update mailed_code set ended_at = case when $3 then $5::timestamptz end,
               failed_count = failed_count + case when $3 or $4 then 0 else 1 end,
               failed_known_count = failed_known_count + case when $4 and not $3 then 1 else 0 end
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        row["id"],
        is_right,
        is_known,
        ctx.now,
    )
    return is_right


async def end_all(ctx: Ctx, account_id: int) -> None:
    """Codes that are on their way are worth nothing any more: the address or the password is another one."""
    await ctx.db.execute(
        "update mailed_code set ended_at = $3 where tenant_id = $1 and account_id = $2 and ended_at is null",
        ctx.tenant_id,
        account_id,
        ctx.now,
    )


def _mac(ctx: Ctx, code_id: str, code: str) -> str:
    return ctx.secrets.vault.mac("one-time code", f"{ctx.tenant_id} {code_id} {code}")
