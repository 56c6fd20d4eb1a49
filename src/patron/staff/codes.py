"""Authorization codes: a user's word that a web app may act for them, good for one token (RFC 6749 4.1.2, RFC 7636).

A code is random text, stored as a digest, and bound to its app, the address that it was sent to, and the app's
challenge. Whoever shows it has used it up, right or wrong. Shown again, it ends the tokens that it led to: one of the
two who have it is a thief.
"""

import base64
import hashlib
from enum import Enum

import msgspec

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.secrets import digest, random_token, same
from patron.staff.model import CODE_LIFE, User
from patron.tenants import grants
from patron.tenants.programs import Program


class Taken(msgspec.Struct, frozen=True):
    """What a code was good for."""

    id: int
    user_id: int
    scope: str


class Refused(Enum):
    """Why a code is good for nothing."""

    UNKNOWN = "unknown, of another, or over"
    USED = "used twice"
    UNPROVED = "not sent there, or by who has no verifier"


async def give(ctx: Ctx, program: Program, user: User, *, redirect_uri: str, scope: str, challenge: str | None) -> str:
    """A code, once: only its digest is stored."""
    code = random_token(32)
    await ctx.db.execute(
        """
        insert into authorization_code (tenant_id, application_id, staff_id, digest, redirect_uri, scope, challenge,
            expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        ctx.tenant_id,
        program.id,
        user.id,
        digest(code),
        redirect_uri,
        scope,
        challenge,
        ctx.now + CODE_LIFE,
    )
    await events.record(
        ctx, "user.authorized", subject=f"user/{user.id}", changes={"application": (None, program.client_id)}
    )
    return code


async def take(ctx: Ctx, program: Program, code: str, *, redirect_uri: str, verifier: str | None) -> Taken | Refused:
    """What a code is good for; an answer in any case, as what a refusal changes must stay. Call it in a transaction."""
    row = await ctx.db.row(
        """
        select c.id, c.staff_id, c.scope, c.redirect_uri, c.challenge, c.expires_at, c.used_at
        from authorization_code c join staff s on s.tenant_id = $1 and s.id = c.staff_id and s.is_active
        where c.tenant_id = $1 and c.digest = $2 and c.application_id = $3 for update of c
        """,
        ctx.tenant_id,
        digest(code),
        program.id,
    )
    if row is None:
        return Refused.UNKNOWN
    if row["used_at"] is not None:
        if await grants.end_all_of_code(ctx.db, ctx.tenant_id, row["id"], ctx.now):
            await ctx.secrets.revocations.announce(ctx.db, grants.code_subject(ctx.tenant_id, row["id"]))
            await events.record(ctx, "user.code_reused", subject=f"user/{row['staff_id']}")
        return Refused.USED
    await ctx.db.execute(
        "update authorization_code set used_at = $3 where tenant_id = $1 and id = $2", ctx.tenant_id, row["id"], ctx.now
    )
    if row["expires_at"] <= ctx.now:
        return Refused.UNKNOWN
    if redirect_uri != row["redirect_uri"] or not _is_proved(row["challenge"], verifier):
        return Refused.UNPROVED
    return Taken(row["id"], row["staff_id"], row["scope"])


def _is_proved(challenge: str | None, verifier: str | None) -> bool:
    """Whether the verifier is that of the challenge. One without a challenge is another's request (RFC 9700 2.1.1)."""
    if challenge is None or verifier is None:
        return challenge is None and verifier is None
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return same(made, challenge.encode())
