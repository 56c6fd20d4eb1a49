"""Customers as the second dialect writes them: only what is named changes, and an address has one customer."""

from collections.abc import Mapping
from typing import Any

import msgspec

from patron.accounts import actions as accounts
from patron.accounts.actions import profile_of
from patron.accounts.model import Profile
from patron.customers import actions
from patron.customers.actions import NewCustomer
from patron.kernel.context import Ctx
from patron.kernel.errors import Taken, check_version
from patron.logins import actions as logins
from patron.segments import groups

_PROFILE = {"email", "external_id", "tax_id"}
_REFERENCES = ("profile_id", "shopper_reference", "reference_origin")


async def create(ctx: Ctx, given: Mapping[str, Any], credential: logins.Credential | None, group_id: int | None) -> int:
    """A new customer, a guest without a credential. `given` are domain fields. Raises Invalid, Taken."""
    new = NewCustomer(profile=Profile(**{name: given[name] for name in _PROFILE & given.keys()}))
    made = await (actions.create(ctx, new) if credential is None else actions.sign_up(ctx, new, credential))
    account = made.account
    if account.email is not None and not account.holds_email:
        raise Taken("account", "email")
    await _finish(ctx, account.id, given)
    if group_id is not None:
        await groups.put_account(ctx, account.id, group_id)
    return account.id


async def update(
    ctx: Ctx,
    account_id: int,
    given: Mapping[str, Any],
    credential: logins.Credential | None,
    *,
    expect: frozenset[int] | None = None,
) -> None:
    """Change the fields that are given. A password makes a guest a registered customer.

    Raises NotFound, Stale, Invalid, Taken.
    """
    account = await accounts.lock(ctx, account_id)
    check_version(account.version, expect)
    profile = msgspec.structs.replace(profile_of(account), **{name: given[name] for name in _PROFILE & given.keys()})
    if profile != profile_of(account):
        after = (await actions.update(ctx, account_id, NewCustomer(profile=profile))).account
        if after.email is not None and not after.holds_email and after.email != account.email:
            raise Taken("account", "email")
    if credential is not None and account.has_login:
        await logins.change_password(ctx, account_id, credential)
    elif credential is not None:
        await actions.add_login(ctx, account_id, credential, email=None, user_name=None)
    await _finish(ctx, account_id, given)


async def _finish(ctx: Ctx, account_id: int, given: Mapping[str, Any]) -> None:
    references = {name: given[name] for name in _REFERENCES if name in given}
    await accounts.set_references(ctx, account_id, references, given.get("metadata"))


async def put_in_group(ctx: Ctx, account_id: int, group_id: int | None) -> None:
    """Put a customer in a group, or in none. Raises NotFound, Invalid."""
    await accounts.lock(ctx, account_id)
    await groups.put_account(ctx, account_id, group_id)
