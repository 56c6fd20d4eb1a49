"""Changes customers who are there already, as an import asks: one by one, through the actions of their slices."""

from typing import Any

import msgspec

from patron.accounts import actions as accounts
from patron.accounts.actions import profile_of
from patron.contacts import actions as contacts
from patron.contacts import queries as contact_queries
from patron.contacts.model import Contact, Details
from patron.customers import actions as customers
from patron.customers import writing
from patron.customers.actions import NewCustomer
from patron.imports.model import CONTACTS_MAX, PROFILE, Complaint, Ready
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, Locked, PatronError, Taken, Unavailable
from patron.kernel.query import Ask
from patron.logins import actions as logins
from patron.logins.model import FOREIGN_PURPOSE
from patron.tags import tagging
from patron.tags.tagging import Owner


async def change(
    ctx: Ctx, ready: Ready, account_id: int, group_id: int | None, tags: list[int] | None, password_hash: str | None
) -> list[Complaint]:
    """Give an account what the row names, all of it or nothing; blank cells leave it as it is. Answers complaints.

    A password makes a guest registered; that of a login stays as it is. `tags` are all tags there shall be.
    """
    key = ready.profile.email or ready.profile.external_id or f"line {ready.line}"
    try:
        async with ctx.db.part():
            return await _change(ctx, ready, account_id, group_id, tags, password_hash, key)
    except Invalid as error:
        return [Complaint(ready.line, key, one.field, one.message) for one in error.problems]
    except Taken as error:
        return [Complaint(ready.line, key, error.field, "is taken by another login")]
    except (Locked, Unavailable):
        raise  # the chunk is tried again
    except PatronError as error:
        return [Complaint(ready.line, key, "", error.message)]


async def _change(
    ctx: Ctx,
    ready: Ready,
    account_id: int,
    group_id: int | None,
    tags: list[int] | None,
    password_hash: str | None,
    key: str,
) -> list[Complaint]:
    account = await accounts.lock(ctx, account_id)
    before = profile_of(account)
    named = {name: getattr(ready.profile, name) for name in PROFILE if name in ready.named and name != "email"}
    profile = msgspec.structs.replace(before, **named)
    if profile != before:
        await customers.update(ctx, account_id, NewCustomer(profile=profile))
    await accounts.set_references(ctx, account_id, ready.references, ready.metadata)
    await _add_contacts(ctx, account_id, ready.contacts)
    if group_id is not None:
        await writing.put_in_group(ctx, account_id, group_id)
    if tags is not None and await tagging.change(ctx, Owner("account", account_id, account_id), put=tags):
        await accounts.touch(ctx, account_id)
    told: list[Complaint] = []
    if ready.has_login and account.has_login:
        kept = "is left as it is: this customer has a login already"
        told.append(Complaint(ready.line, key, "password", kept, is_warning=True))
    elif ready.has_login:
        credential = _credential(ctx, ready, password_hash)
        await customers.add_login(ctx, account_id, credential, email=None, user_name=ready.user_name, is_import=True)
        if ready.flags.get("is_locked"):
            await logins.set_locked(ctx, account_id, locked=True)
        if ready.flags.get("must_change_password"):
            await logins.set_must_change(ctx, account_id, required=True)
    if (active := ready.flags.get("is_active")) is not None and active != account.is_active:
        await customers.set_active(ctx, account_id, active=active)
    return told


def _credential(ctx: Ctx, ready: Ready, password_hash: str | None) -> logins.Credential:
    if ready.foreign_hash is None:
        return logins.Credential(password_hash=ready.own_hash or password_hash)
    sealed = ctx.secrets.vault.seal(ready.foreign_hash.encode(), FOREIGN_PURPOSE)
    return logins.Credential(foreign_hash=sealed, needs_migration=ready.is_unknown_hash)


async def _add_contacts(ctx: Ctx, account_id: int, given: list[Details]) -> None:
    """Add the contacts that the account does not have just so already."""
    if not given:
        return
    found = await contact_queries.list_of(ctx, account_id, Ask(size=CONTACTS_MAX))
    there = [_compared(_details(one)) for one in found.items]
    new = [one for one in given if _compared(one) not in there]
    if new:
        await contacts.put(ctx, account_id, [(None, one) for one in new])


def _compared(details: Details) -> Details:
    """What of a contact says who and where: what it is the first for, and who checked it, may have changed since."""
    return msgspec.structs.replace(details, is_primary_billing=False, is_primary_shipping=False, is_validated=None)


def _details(contact: Contact) -> Details:
    values: dict[str, Any] = {name: getattr(contact, name) for name in Details.__struct_fields__}
    return Details(**values)
