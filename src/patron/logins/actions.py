"""Changes of logins: create, rename, change the password, lock, sign in.

Whoever changes a login locks its account first. So changes of one login wait for each other, they never meet a change
of the account in the other order, and a ticket is never given while the account is being disabled.
"""

import msgspec

from patron.accounts import actions as accounts
from patron.accounts.model import Account
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, Taken
from patron.kernel.values import name_key
from patron.logins import codes, foreign, mails, queries, sign_in, tickets
from patron.logins.model import FOREIGN_PURPOSE, NAME_LENGTH_MAX, Login, is_second_factor_asked, names_of
from patron.tenants import queries as tenants
from patron.tenants.model import PasswordPolicy, SecondFactorRule

FOREIGN_HASH_LENGTH_MAX = 2_000


class Credential(msgspec.Struct, frozen=True):
    """A hash of ours, or one of another system's, sealed, that the first sign-in will replace.

    `needs_migration`: we cannot check that one ourselves.
    """

    password_hash: str | None = None
    foreign_hash: bytes | None = None
    needs_migration: bool = False


def check_password(
    policy: PasswordPolicy, password: str | None, foreign_hash: str | None, *, is_import: bool = False
) -> None:
    """Whether a new login may have this password, or this hash of another system.

    Raises Invalid: an import is exempt from the policy (but for the longest), and only an import may bring a hash. A
    hash that would take too much work to check is refused.
    """
    if foreign_hash:
        if not is_import:
            raise Invalid.field("externalPassword", "is for imports only (isImport)")
        if len(foreign_hash) > FOREIGN_HASH_LENGTH_MAX:
            raise Invalid.field("externalPassword", f"has at most {FOREIGN_HASH_LENGTH_MAX} characters", "too_long")
        if fault := foreign.fault(foreign_hash):
            raise Invalid.field("externalPassword", fault, "too_costly")
    elif not password:
        raise Invalid.field("password", "is needed", "missing")
    elif fault := (policy.fault_of_import(password) if is_import else policy.fault(password)):
        raise Invalid.field("password", fault)


async def hashed(ctx: Ctx, password: str | None, foreign_hash: str | None) -> Credential:
    """A checked password as it is stored. Outside the transaction: hashing takes its time, and may raise TooMany.

    Raises Forbidden for who acts for a shopper: no password, whosever it is, is set that way.
    """
    ctx.require_owner()
    if foreign_hash:
        sealed = ctx.secrets.vault.seal(foreign_hash.encode(), FOREIGN_PURPOSE)
        return Credential(foreign_hash=sealed, needs_migration=not foreign.is_known(foreign_hash))
    assert password
    return Credential(password_hash=await ctx.secrets.passwords.hash(password))


async def prepare(ctx: Ctx, password: str | None, foreign_hash: str | None = None) -> Credential:
    """Check the new password of a login that is there, and hash it. Raises Invalid, TooMany."""
    policy = (await tenants.policy(ctx)).password
    check_password(policy, password, foreign_hash, is_import=bool(foreign_hash))
    return await hashed(ctx, password, foreign_hash)


async def create(ctx: Ctx, account: Account, credential: Credential, *, is_import: bool = False) -> None:
    """Write the login of an account that the caller has just registered. Tells the owner, unless it is an import.

    Raises Taken naming `user_name` or `email`.
    """
    assert account.user_id is not None
    assert account.user_name is not None
    await ctx.db.execute(
        """
        insert into login (tenant_id, account_id, customer_set_code, user_id, user_name, password_hash, foreign_hash,
                           last_password_at, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8)
        """,
        ctx.tenant_id,
        account.id,
        account.customer_set,
        account.user_id,
        account.user_name,
        credential.password_hash,
        credential.foreign_hash,
        ctx.now,
    )
    await _claim_names(ctx, account, names_of(account.user_name, account.email))
    await events.record(ctx, "login.created", account_id=account.id)
    if not is_import:
        await mails.welcome(ctx, account)


def checked_name(name: str | None) -> str:
    """A user name. Raises Invalid."""
    if not name or not name.strip():
        raise Invalid.field("email", "or a user name is needed for a login", "missing")
    if len(name) > NAME_LENGTH_MAX:
        raise Invalid.field("user_name", f"has at most {NAME_LENGTH_MAX} characters", "too_long")
    return name.strip()


async def _claim_names(ctx: Ctx, account: Account, names: dict[str, str]) -> None:
    """Take the names that lead to a login. Raises Taken for one that leads to another's."""
    rows = await ctx.db.fetch(
        """
        insert into login_name (tenant_id, customer_set_code, name_key, account_id)
        select $1, $2, name, $4 from unnest($3::text[]) as given (name) order by name
        on conflict do nothing returning name_key
        """,
        ctx.tenant_id,
        account.customer_set,
        list(names),
        account.id,
    )
    refused = names.keys() - {row["name_key"] for row in rows}
    if refused:
        raise Taken("login", min(names[name] for name in refused))


async def rename(ctx: Ctx, account: Account, *, user_name: str | None, email: str | None) -> str:
    """Keep a login's names in step with a changed account, which the caller has locked. Answers the user name.

    A user name that was the old e-mail address follows the new one (Kibo behaviour 6.1). Raises Invalid, Taken.
    """
    login = await queries.get(ctx, account.id)
    name = user_name or login.user_name
    if email and account.email and name_key(name) == name_key(account.email):
        name = email
    name = checked_name(name)
    before, after = names_of(login.user_name, account.email), names_of(name, email)
    gone = list(before.keys() - after.keys())
    if gone:
        await ctx.db.execute(
            "delete from login_name where tenant_id = $1 and account_id = $2 and name_key = any($3)",
            ctx.tenant_id,
            account.id,
            gone,
        )
    new = {key: field for key, field in after.items() if key not in before}
    if new:
        await _claim_names(ctx, account, new)
    if name != login.user_name:
        await ctx.db.execute(
            "update login set user_name = $3, updated_at = $4 where tenant_id = $1 and account_id = $2",
            ctx.tenant_id,
            account.id,
            name,
            ctx.now,
        )
    return name


async def change_password(
    ctx: Ctx,
    account_id: int,
    credential: Credential,
    *,
    version: int | None = None,
    unlock: bool = False,
    by: str = "",
) -> None:
    """Set another password, end every ticket, and tell the owner.

    `version` is the login's when the old password was checked; when it changed meanwhile the check is worth nothing.
    `by` names what allowed it, if that was not the old password: `reset/12`.
    """
    login = await _locked(ctx, account_id)
    if version is not None and login.version != version:
        raise Invalid.field("password", "")
    is_locked = login.is_locked and not unlock
    await ctx.db.execute(
        """
        update login set version = version + 1, password_hash = $3, foreign_hash = $4, must_change = false,
               is_locked = $5, last_password_at = $6, updated_at = $6
        where tenant_id = $1 and account_id = $2
        """,
        ctx.tenant_id,
        account_id,
        credential.password_hash,
        credential.foreign_hash,
        is_locked,
        ctx.now,
    )
    await accounts.mark(
        ctx,
        account_id,
        is_locked=is_locked,
        has_foreign_hash=credential.foreign_hash is not None,
        needs_migration=credential.needs_migration,
    )
    await sign_in.forget_failures(ctx, account_id)
    await codes.end_all(ctx, account_id)
    await tickets.end_all(ctx, account_id)
    changes: events.Changes = {"is_locked": (True, False)} if login.is_locked and not is_locked else {}
    await events.record(ctx, "login.password_changed", account_id=account_id, subject=by, changes=changes)
    await mails.password_changed(ctx, login)


async def set_locked(ctx: Ctx, account_id: int, *, locked: bool, user_id: str | None = None) -> None:
    """Forbid or allow signing in. Forbidding ends every ticket. Doing it again changes nothing."""
    login = await _locked(ctx, account_id, user_id)
    if login.is_locked == locked:
        return
    await ctx.db.execute(
        """
        update login set version = version + 1, is_locked = $3, updated_at = $4,
               last_locked_at = case when $3 then $4 else last_locked_at end
        where tenant_id = $1 and account_id = $2
        """,
        ctx.tenant_id,
        account_id,
        locked,
        ctx.now,
    )
    await accounts.mark(ctx, account_id, is_locked=locked)
    if locked:
        await tickets.end_all(ctx, account_id)
    else:
        await sign_in.forget_failures(ctx, account_id)
    topic = "login.locked" if locked else "login.unlocked"
    await events.record(ctx, topic, account_id=account_id, changes={"is_locked": (login.is_locked, locked)})


async def set_must_change(ctx: Ctx, account_id: int, *, required: bool, user_id: str | None = None) -> None:
    """Refuse to sign in until the password is another one, or no longer. Doing it again changes nothing."""
    login = await _locked(ctx, account_id, user_id)
    if login.must_change == required:
        return
    await ctx.db.execute(
        """
        update login set version = version + 1, must_change = $3, updated_at = $4
        where tenant_id = $1 and account_id = $2
        """,
        ctx.tenant_id,
        account_id,
        required,
        ctx.now,
    )
    if required:
        await tickets.end_all(ctx, account_id)
    changes: events.Changes = {"is_password_change_required": (login.must_change, required)}
    await events.record(ctx, "login.change_required", account_id=account_id, changes=changes)


async def _locked(ctx: Ctx, account_id: int, user_id: str | None = None) -> Login:
    """The login of an account, both kept from changing until the transaction ends. Raises NotFound."""
    try:
        return await queries.get(ctx, account_id, user_id, locks=True)
    except NotFound:
        await accounts.lock(ctx, account_id)  # is it the account that is not there?
        raise


async def end_tickets(ctx: Ctx, account_id: int) -> None:
    """End every sign-in of an account."""
    await tickets.end_all(ctx, account_id)


async def tell_new_email(ctx: Ctx, before: Account, after: Account) -> None:
    """Tell the old and the new address of a changed one; what was mailed to the old one is worth nothing any more."""
    await codes.end_all(ctx, after.id)
    await ctx.db.execute(
        "update password_reset set used_at = $3 where tenant_id = $1 and account_id = $2 and used_at is null",
        ctx.tenant_id,
        after.id,
        ctx.now,
    )
    await mails.email_changed(ctx, before, after)


class SignedIn(msgspec.Struct, frozen=True):
    """A login whose password was right. `waits`: for its second factor, so nothing of the device was noted yet."""

    login: Login
    waits: bool = False


async def finish_sign_in(
    ctx: Ctx, attempt: sign_in.Attempt, region: str | None, rule: SecondFactorRule
) -> SignedIn | None:
    """Write down a right password. Answers None when the login changed since it was tried, or may not be used.

    Replaces a dated hash and one of another system, ends the count of failures and, when no second factor is asked for,
    remembers the device; not for a login that is locked or must change its password, which the caller refuses.
    """
    tried = attempt.login
    assert tried is not None
    try:
        login = await _locked(ctx, tried.account_id)
    except NotFound:
        return None
    if login.version != tried.version or not login.is_active:
        return None
    if login.is_locked or login.must_change:
        return SignedIn(login)
    if attempt.new_hash is not None:
        await _replace_hash(ctx, login, attempt.new_hash)
    await sign_in.end_count(ctx, login.account_id, attempt)
    if is_second_factor_asked(login, rule, attempt.fingerprint, region):
        return SignedIn(login, waits=True)
    await enter(ctx, login, attempt.fingerprint, region)
    return SignedIn(login)


async def enter(ctx: Ctx, login: Login, fingerprint: bytes | None, region: str | None) -> None:
    """Write down a whole sign-in: whatever was asked for has been proved."""
    await note_sign_in(ctx, login.account_id, fingerprint, region)
    await events.record(ctx, "login.signed_in", account_id=login.account_id)


async def _replace_hash(ctx: Ctx, login: Login, new_hash: str) -> None:
    """The same password, hashed as we do it today. Of another system's hash nothing stays."""
    await ctx.db.execute(
        "update login set password_hash = $3, foreign_hash = null where tenant_id = $1 and account_id = $2",
        ctx.tenant_id,
        login.account_id,
        new_hash,
    )
    if login.foreign_hash is not None:
        await accounts.mark(ctx, login.account_id, has_foreign_hash=False, needs_migration=False)
        changes: events.Changes = {"has_external_password": (True, False)}
        await events.record(ctx, "login.updated", account_id=login.account_id, changes=changes)


async def note_sign_in(ctx: Ctx, account_id: int, fingerprint: bytes | None, region: str | None) -> None:
    """Note when somebody signed in or up, and on which device: from then on it passes the delay."""
    await ctx.db.write(
        """
        update login set last_login_at = $3, last_fingerprint = coalesce($4, last_fingerprint),
               last_region = coalesce($5, last_region)
        where tenant_id = $1 and account_id = $2
        """,
        ctx.tenant_id,
        account_id,
        ctx.now,
        fingerprint,
        region,
    )
    if fingerprint is not None:
        await ctx.db.write(
            """
            insert into login_device (tenant_id, account_id, fingerprint, region, seen_at) values ($1, $2, $3, $4, $5)
            on conflict (tenant_id, account_id, fingerprint) do update set region = $4, seen_at = $5
            """,
            ctx.tenant_id,
            account_id,
            fingerprint,
            region,
            ctx.now,
        )


async def link_anonymous(ctx: Ctx, anonymous_user_id: str | None, account_id: int) -> None:
    """Remember which anonymous shopper signed in or up as this account, so that carts can be merged (6.2)."""
    if anonymous_user_id is None:
        return
    added = await ctx.db.execute(
        """
        insert into anonymous_link (tenant_id, anonymous_user_id, account_id, linked_at) values ($1, $2, $3, $4)
        on conflict do nothing
        """,
        ctx.tenant_id,
        anonymous_user_id,
        account_id,
        ctx.now,
    )
    if added:
        await events.record(ctx, "anonymous.linked", account_id=account_id, subject=f"anonymous/{anonymous_user_id}")
