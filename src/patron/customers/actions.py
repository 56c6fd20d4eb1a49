"""Changes that span an account and its children."""

import re
from datetime import datetime

import msgspec

from patron.accounts import actions as accounts
from patron.accounts import queries as account_queries
from patron.accounts.model import AUDITED, Account, Profile, Registration, checked
from patron.attachments import owners as attachments
from patron.attributes import actions as attributes
from patron.cards import actions as cards
from patron.contacts import actions as contacts
from patron.contacts import places
from patron.contacts.model import Details
from patron.contacts.model import paths as contact_paths
from patron.customers import queries
from patron.customers.model import Customer
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Faults, Forbidden, Invalid, NotFound, Refused, check_version
from patron.kernel.secrets import random_token
from patron.logins import actions as logins
from patron.notes import actions as notes
from patron.notes.model import checked as checked_note
from patron.sku_lists import actions as sku_lists
from patron.tags import tagging
from patron.visits import actions as visits
from patron.visits.model import visitor_of

USER_ID = re.compile(r"[0-9a-f]{32}")

# What only an application may say of an account: a shopper's sign-up leaves these blank, and a PUT as they are.
NOT_FOR_SHOPPERS = ("account_type", "external_id", "is_tax_exempt")


class NewCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """An account with children, as a caller wrote it. `attributes` is None when the caller named none."""

    profile: Profile
    customer_set: str | None = None
    user_id: str | None = None
    user_name: str | None = None
    contacts: list[Details] = []
    notes: list[str | None] = []
    attributes: dict[str, list[object]] | None = None
    since: datetime | None = None
    created: datetime | None = None


async def create(ctx: Ctx, new: NewCustomer, *, registration: Registration | None = None) -> Customer:
    """A new account with its contacts, notes and attributes; one event tells of all.

    `registration` is that of the login which the caller is about to make. Raises Invalid, Taken.
    """
    _check_set(ctx, new.customer_set)
    account = await accounts.create(
        ctx,
        _permitted(ctx, new.profile, Profile()),
        registration=registration,
        user_id=_user_id(ctx, new),
        user_name=logins.checked_name(new.user_name) if new.user_name else None,
        since=new.since,
        created=new.created,
    )
    added = await contacts.insert(ctx, account.id, new.contacts, is_new=True)
    written = await notes.insert(ctx, account.id, _notes(ctx, new)) if new.notes else []
    values = await attributes.insert(ctx, account, new.attributes or {})
    changes = events.difference(None, account, AUDITED)
    for contact in added:
        changes |= events.difference(None, contact, contact_paths(contact.id))
    for note in written:
        changes[f"note/{note.id}/content"] = (None, note.content)
    for value in values:
        changes[f"attribute/{value.fqn}"] = (None, value.values)
    await events.record(ctx, "account.created", account_id=account.id, changes=changes)
    return Customer(account, added, values, [], written)


def _permitted(ctx: Ctx, profile: Profile, before: Account | Profile) -> Profile:
    """The profile as far as the caller may say it: a shopper leaves what is the shop's own as it was before."""
    if ctx.actor.kind != "shopper":
        return profile
    return msgspec.structs.replace(profile, **{name: getattr(before, name) for name in NOT_FOR_SHOPPERS})


def _check_set(ctx: Ctx, code: str | None) -> None:
    """An account lives in the customer set of the site where it was made (Kibo behaviour 6.1)."""
    if code and code.lower() != ctx.at_site.customer_set.lower():
        raise Invalid.field("customer_set", "is not the customer set of this site")


def check_sign_up(ctx: Ctx, new: NewCustomer) -> None:
    """What can be known of a new account with a login before its password is hashed. Raises Invalid."""
    faults = Faults()
    with faults.of():
        checked(new.profile)
    with faults.of():
        if new.user_name or not new.profile.email:
            logins.checked_name(new.user_name)
    with faults.of():
        _check_set(ctx, new.customer_set)
    with faults.of():
        _user_id(ctx, new)
    faults.tell()


async def sign_up(ctx: Ctx, new: NewCustomer, credential: logins.Credential, *, is_import: bool = False) -> Customer:
    """A new account with a login. The user name defaults to the e-mail address. Raises Invalid, Taken."""
    registration = Registration(
        user_id=_user_id(ctx, new) or random_token(),
        user_name=logins.checked_name(new.user_name or new.profile.email),
        has_foreign_hash=credential.foreign_hash is not None,
        needs_migration=credential.needs_migration,
    )
    customer = await create(ctx, new, registration=registration)
    await logins.create(ctx, customer.account, credential, is_import=is_import)
    return customer


async def check_guest(ctx: Ctx, account_id: int) -> None:
    """Whether the caller may give this account a login. Raises NotFound, Forbidden, Refused, Invalid.

    To a shopper an account that nobody has is a stranger's, too.
    """
    try:
        account = await account_queries.get(ctx, account_id)
    except NotFound:
        if ctx.actor.kind == "shopper":
            raise Forbidden(_NOT_THEIRS) from None
        raise
    _require_guest(ctx, account)


_NOT_THEIRS = "This account does not stem from this shopper."


def _require_guest(ctx: Ctx, account: Account) -> None:
    """An anonymous shopper may only register the account that stems from it: nobody takes over a stranger's guest
    account by knowing its number.
    """
    if ctx.actor.kind == "shopper" and ctx.actor.user_id != account.user_id:
        raise Forbidden(_NOT_THEIRS)
    if account.has_login:
        raise Refused("login_exists", "This account has a login already.")
    if not account.is_active:
        raise Refused("account_disabled", "This account is disabled.")
    _check_set(ctx, account.customer_set)


async def add_login(
    ctx: Ctx,
    account_id: int,
    credential: logins.Credential,
    *,
    email: str | None,
    user_name: str | None,
    is_import: bool = False,
) -> Account:
    """Turn a guest into a registered customer. Raises as `check_guest` does, and Invalid, Taken."""
    account = await accounts.lock(ctx, account_id)
    _require_guest(ctx, account)
    if email and email.strip() != account.email:
        profile = msgspec.structs.replace(accounts.profile_of(account), email=email)
        account = await accounts.update(ctx, account, profile, user_name=account.user_name)
    registration = Registration(
        user_id=account.user_id or random_token(),
        user_name=logins.checked_name(user_name or account.email),
        has_foreign_hash=credential.foreign_hash is not None,
        needs_migration=credential.needs_migration,
    )
    account = await accounts.register(ctx, account, registration)
    await logins.create(ctx, account, credential, is_import=is_import)
    return account


def _notes(ctx: Ctx, new: NewCustomer) -> list[str]:
    """Notes are the staff's: what a shopper sends is left out."""
    return [] if ctx.actor.kind == "shopper" else [checked_note(one) for one in new.notes]


def _user_id(ctx: Ctx, new: NewCustomer) -> str | None:
    """The user id of a guest: that of the anonymous shopper who becomes one (Kibo behaviour 6.1, 6.2)."""
    if new.user_id is None:
        return None
    if not USER_ID.fullmatch(new.user_id):
        raise Invalid.field("user_id", "is 32 lower-case hex digits")
    if ctx.actor.kind == "shopper" and new.user_id != ctx.actor.user_id:
        raise Invalid.field("user_id", "is another shopper's")
    return new.user_id


async def update(ctx: Ctx, account_id: int, new: NewCustomer, *, expect: frozenset[int] | None = None) -> Customer:
    """Replace the profile of an account, and its attributes if there are any in the call; contacts and notes stay.

    Raises NotFound, Stale, Invalid, Taken, or Forbidden when e-mail or user name change and somebody else acts for the
    shopper.
    """
    account = await accounts.lock(ctx, account_id)
    check_version(account.version, expect)
    profile = checked(_permitted(ctx, new.profile, account))
    user_name = logins.checked_name(new.user_name) if new.user_name else account.user_name
    if (profile.email, user_name) != (account.email, account.user_name):
        ctx.require_owner()
    if account.has_login:
        user_name = await logins.rename(ctx, account, user_name=new.user_name, email=profile.email)
    after = await accounts.update(ctx, account, profile, user_name=user_name)
    if new.attributes is not None:
        await attributes.replace(ctx, after, new.attributes)
    elif after.account_type != account.account_type:
        await attributes.check_family(ctx, after)
    if account.has_login and account.email != after.email:
        await logins.tell_new_email(ctx, account, after)
    return await queries.get(ctx, account_id)


async def delete(ctx: Ctx, account_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove an account that has no orders, with all that hangs on it; its tickets end at once.

    Raises NotFound, Stale, Refused.
    """
    account = await accounts.lock(ctx, account_id)
    check_version(account.version, expect)
    await logins.end_tickets(ctx, account_id)
    await visits.forget(ctx, account_id, visitor_of(account_id))
    await tagging.forget(ctx, "account", [account_id])
    await places.forget_tags(ctx, account_id)
    await attachments.forget(ctx, "account", [account_id])
    await sku_lists.forget(ctx, account_id)
    await accounts.delete(ctx, account)


async def set_active(ctx: Ctx, account_id: int, *, active: bool) -> Account:
    """Disable an account, which ends its tickets, or enable it. Raises NotFound."""
    account = await accounts.lock(ctx, account_id)
    if not active:
        await logins.end_tickets(ctx, account_id)
    return await accounts.set_active(ctx, account, active=active)


async def delete_contact(ctx: Ctx, account_id: int, contact_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove a contact, and forget the cards that point at it (Kibo behaviour 7). Raises NotFound, Stale."""
    await accounts.lock(ctx, account_id)
    await cards.delete_of_contact(ctx, account_id, contact_id)
    await contacts.delete(ctx, account_id, contact_id, expect=expect)
