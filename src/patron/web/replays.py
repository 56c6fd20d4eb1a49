"""Requests that may be sent again: the Idempotency-Key of either dialect (RFC 9110 9.2.2 has no such POST), and those
that we run again ourselves.
"""

import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TypeVar

from starlette.types import Scope

from patron.kernel import idempotency
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, Retry, Unavailable
from patron.web.replies import Reply

T = TypeVar("T")

ATTEMPTS_MAX = 3

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def retryable(ctx: Ctx, scope: Scope, key: str, data: bytes) -> idempotency.Retryable:
    """The request with its key. Raises Invalid for a key that is none."""
    if not _KEY.fullmatch(key):
        raise Invalid.field("Idempotency-Key", "is 1 to 255 visible ASCII characters")
    target = f"{scope['method']} {scope['path']}?".encode() + scope["query_string"] + b"\n"
    caller = f"{ctx.actor.application} {ctx.actor.user_id or ''}"
    # With a key of ours: a mere digest of a body that holds a password could be guessed at.
    fingerprint = ctx.secrets.vault.mac("request", sha256(target + data).hexdigest())
    return idempotency.Retryable(caller, key, fingerprint.encode())


def again(stored: idempotency.Stored) -> Reply:
    """The answer that was given before."""
    return Reply(stored.status, stored.body, dict(stored.headers))


async def keep(ctx: Ctx, request: idempotency.Retryable, reply: Reply, *, with_token: bool) -> None:
    """Store the answer, in the change's own transaction."""
    answer = idempotency.Stored(reply.status, dict(reply.headers), reply.body)
    await idempotency.keep(ctx, request, answer, with_token=with_token)


async def retried(work: Callable[[], Awaitable[T]]) -> T:
    """Do it again when another change came in between. Raises Unavailable after a few times."""
    for _ in range(ATTEMPTS_MAX):
        try:
            return await work()
        except Retry:
            continue
    raise Unavailable("Too many requests change the same thing at this moment.", retry_after=1)
