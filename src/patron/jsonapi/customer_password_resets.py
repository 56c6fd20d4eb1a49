"""Resets of customers' passwords: an integration makes one and delivers its token (Commerce Layer behaviour 5.2)."""

from typing import Any

import msgspec

from patron.jsonapi.events import events_of
from patron.jsonapi.resources import EVENT_STORES, Attribute, Change, Relationship, Resource, common
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.logins import actions as logins
from patron.logins import handed_resets
from patron.logins.records import RESETS as LISTING

_TOKEN, _PASSWORD = "_reset_password_token", "customer_password"


class Prepared(msgspec.Struct, frozen=True):
    """What is made before the transaction: the token of a new reset, or the hash of a password."""

    token: str
    credential: logins.Credential | None


async def prepare(ctx: Ctx, change: Change) -> Prepared:
    """Hash the password. Raises Invalid for a token without one, or one without a token."""
    password = change.attributes.get(_PASSWORD)
    names = change.attributes.keys() | change.triggers.keys()
    if _TOKEN in names and not password:
        raise Invalid.field(_PASSWORD, "can't be blank", "missing")
    if _PASSWORD in names and not change.triggers.get(_TOKEN):
        raise Invalid.field(_TOKEN, "can't be blank", "missing")
    return Prepared(handed_resets.new_token(), await logins.prepare(ctx, password) if password else None)


async def create(ctx: Ctx, change: Change) -> int:
    """A reset of a registered customer."""
    email = change.attributes["customer_email"]
    return await handed_resets.create(ctx, email, change.prepared.token, _told(change))


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Set the password with the token; change what is told about the reset."""
    await handed_resets.update(ctx, number, _told(change), expect=change.expect)
    if change.prepared.credential is not None:
        await handed_resets.redeem(ctx, number, change.triggers[_TOKEN], change.prepared.credential)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Withdraw one."""
    await handed_resets.delete(ctx, number, expect=expect)


def _told(change: Change) -> dict[str, Any]:
    names = ("reference", "reference_origin", "metadata")
    return {name: change.attributes[name] for name in names if name in change.attributes}


def reveal(change: Change) -> dict[str, Any]:
    """The token, which only the answer of its making shows."""
    return {"reset_password_token": change.prepared.token}


CUSTOMER_PASSWORD_RESETS = Resource(
    type="customer_password_resets",
    listing=LISTING,
    attributes=(
        Attribute(name="customer_email", column="customer_email", write="c", required=True),
        Attribute(name="reset_password_token", column="reset_password_token", field="token"),
        Attribute(name=_PASSWORD, write="u"),
        Attribute(name="reset_password_at", kind="date-time", column="reset_at", field="reset_at"),
        *common(),
    ),
    relationships=(
        Relationship(name="customer", targets=("customers",), own="account_id", filters=True),
        events_of("customer_password_resets", "reset"),
        EVENT_STORES,
    ),
    triggers=(Attribute(name=_TOKEN, write="u", demanded="u"),),
    prepare=prepare,
    create=create,
    update=update,
    delete=delete,
    reveal=reveal,
    guest="U",
    error_names={"password": _PASSWORD},
)
