"""Trying a password: outside the change's transaction, in turn, with a delay that grows (Kibo behaviour 6.4).

The hash is computed and a failure written while this process holds its one turn at hashing; the delay is looked at
before, and again if a failure was written meanwhile. So however many guesses arrive at once, only one a process is
under way, and the next ones see what it left behind. A database that hangs is waited for outside the turn.

A stranger's guesses never keep the owner out: a device that has signed in before counts for itself, and so does a
shopper who is signed in and changes the password.

An imported hash of another system is checked in the same turn and may take longer or shorter than ours: who measures
long enough may learn that an account was imported and not used since. In a format that we do not know, the tenant's
hook is asked, outside the turn.
"""

from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
import structlog
from prometheus_client import Counter

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.secrets import Turn
from patron.logins import foreign, hook, queries, strikes
from patron.logins.model import (
    FOREIGN_PURPOSE,
    NAME_LENGTH_MAX,
    PASSWORD_TYPED_MAX,
    Failures,
    Login,
    failure_key,
    fingerprint_digest,
    keys_of,
)

CHECKS = Counter("patron_password_checks_total", "Passwords compared with a hash; those refused unseen are not.")

log = structlog.get_logger()


class Attempt(msgspec.Struct, frozen=True):
    """What came of trying a password. `login` is set only when the password was right; `key` is whose count it was."""

    login: Login | None = None
    fingerprint: bytes | None = None
    new_hash: str | None = None
    key: bytes = b""


async def try_name(ctx: Ctx, name: str, password: str, fingerprint: str | None = None) -> Attempt:
    """Try a user name or e-mail address with a password, in the site's customer set.

    Somebody who does not exist is treated and delayed like somebody who does. Raises TooMany when the queue is full.
    """
    customer_set, device = ctx.at_site.customer_set, fingerprint_digest(fingerprint)

    async def found() -> _Tried:
        nobody = failure_key("name", customer_set, keys_of(name[:NAME_LENGTH_MAX])[-1])
        login, is_known, failures = await queries.to_try(ctx, customer_set, name, device, nobody)
        if login is None:
            return None, nobody, failures
        if device is not None and is_known:
            return login, failure_key("device", login.account_id, device.hex()), failures
        return login, failure_key("login", login.account_id), failures

    return await _try(ctx, found, password, device)


async def try_login(ctx: Ctx, login: Login, password: str) -> bool:
    """Try the password of a login that is known already (to change it). Raises TooMany when the queue is full."""

    async def found() -> _Tried:
        key = failure_key("session" if ctx.actor.kind == "shopper" else "login", login.account_id)
        return login, key, await queries.failures(ctx, key)

    attempt = await _try(ctx, found, password, None)
    return attempt.login is not None


# Whose password is tried, under which key failures count, and how many there were.
_Tried = tuple[Login | None, bytes, Failures]


async def _try(ctx: Ctx, look: Callable[[], Awaitable[_Tried]], password: str, device: bytes | None) -> Attempt:
    if len(password) > PASSWORD_TYPED_MAX:
        return Attempt()
    counted = ctx.secrets.passwords.counted
    login, key, failures = await look()
    stored = _foreign_hash(ctx, login)
    asked = await hook.of_tenant(ctx) if stored is not None and not foreign.is_known(stored) else None
    async with ctx.secrets.passwords.turn() as turn:
        if ctx.secrets.passwords.counted != counted:
            failures = await queries.failures(ctx, key)
        if failures.is_delayed(ctx.now):
            return Attempt()
        CHECKS.inc()
        if asked is None:
            if await _matches(turn, login, stored, password):
                return Attempt(login, device, await _new_hash(turn, login, password), key)
            await _count_failure(ctx, login, key, failures)
            return Attempt()
        # A merchant is asked without keeping everybody waiting. So the guess counts as wrong from now on: no more of
        # them get under way than the delay allows. A right one ends the count.
        await _count_failure(ctx, None, key, failures)
    assert login is not None
    assert stored is not None
    if await hook.confirms(ctx, asked, login, password, stored):
        return Attempt(login, device, await ctx.secrets.passwords.hash(password), key)
    await events.record(ctx, "login.failed", account_id=login.account_id)
    return Attempt()


def _foreign_hash(ctx: Ctx, login: Login | None) -> str | None:
    """The hash of another system that a login still has."""
    if login is None or login.foreign_hash is None:
        return None
    try:
        return ctx.secrets.vault.open(login.foreign_hash, FOREIGN_PURPOSE).decode()
    except ValueError:
        log.error("imported hash cannot be opened: sealed with another key", account=login.account_id)  # noqa: TRY400
        return None


async def _matches(turn: Turn, login: Login | None, stored: str | None, password: str) -> bool:
    """Without a hash that we can check the answer is no, after the time that ours takes."""
    if stored is not None and foreign.is_known(stored):
        return await turn.run(partial(foreign.matches, stored, password))
    return await turn.matches(password, login.password_hash if login else None)


async def _new_hash(turn: Turn, login: Login | None, password: str) -> str | None:
    """What shall replace the hash that was right: nothing, if it is as ours are today."""
    hashed = login.password_hash if login else None
    return None if hashed is not None and not turn.is_dated(hashed) else await turn.hash(password)


async def _count_failure(ctx: Ctx, login: Login | None, key: bytes, failures: Failures) -> None:
    """One commit whoever it was: a name that nobody has must not be answered sooner."""
    async with ctx.db.transaction():
        await strikes.count_password(ctx, key, failures.count)
        if login is not None:
            await events.record(ctx, "login.failed", account_id=login.account_id)
        else:
            await events.feign(ctx, "login.failed")


async def forget_failures(ctx: Ctx, account_id: int) -> None:
    """Another password ends the count: for the login, for its signed-in shopper, and of wrong second factors."""
    keys = [failure_key("login", account_id), failure_key("session", account_id), strikes.factor_key(account_id)]
    await strikes.clear(ctx, *keys)


async def end_count(ctx: Ctx, account_id: int, attempt: Attempt) -> None:
    """A success ends the count, for whom it came from and for the login.

    A delay of the login that the owner's device has passed goes on: it is a stranger's, who would have five more
    guesses each time the owner signs in.
    """
    login = failure_key("login", account_id)
    keys = [attempt.key, failure_key("session", account_id)]
    if attempt.fingerprint is not None:
        keys.append(failure_key("device", account_id, attempt.fingerprint.hex()))
    await ctx.db.write(
        """
        delete from sign_in_failure
        where tenant_id = $1 and (key = any($2) or key = $3 and (delayed_until is null or delayed_until <= $4))
        """,
        ctx.tenant_id,
        keys,
        login,
        ctx.now,
    )
