"""Values of custom attributes on an account, in this dialect (Kibo behaviour 9.2)."""

from typing import Any

from patron.attributes import actions, queries
from patron.kernel.context import Ctx
from patron.kibo.account_bodies import CustomerAttribute, shown_attribute
from patron.kibo.collections import collection
from patron.kibo.parameters import LIST, RESPONSE_FIELDS, USER_ID, ask
from patron.kibo.wire import Paged
from patron.web.operations import Answer, Call, Operation


class CustomerAttributeCollection(Paged):
    """A page of attributes."""

    items: list[CustomerAttribute] | None = None


NAMES = {
    "attributedefinitionid": "definition_id",
    "fullyqualifiedname": "fqn",
    "order": "position",
    "createdate": "created_at",
    "updatedate": "updated_at",
    "auditinfo.createdate": "created_at",
    "auditinfo.updatedate": "updated_at",
}


async def list_attributes(ctx: Ctx, call: Call) -> Any:
    """The attributes of an account. Shoppers see those that are meant for them."""
    wanted = ask(call, NAMES, queries.FIELDS)
    page = await queries.list_of(ctx, call.account_id, wanted)
    return collection(CustomerAttributeCollection, wanted, page, shown_attribute)


async def get_attribute(ctx: Ctx, call: Call) -> Any:
    """One attribute by its full name, in any case."""
    attribute = await queries.get(ctx, call.account_id, call.path["attributeFQN"])
    return Answer(shown_attribute(attribute), version=attribute.version)


async def add_attribute(ctx: Ctx, call: Call) -> Any:
    """Set an attribute that the account does not have yet."""
    given: CustomerAttribute = call.body
    attribute = await actions.add(ctx, call.account_id, given.fully_qualified_name, given.values or [])
    return Answer(shown_attribute(attribute), version=attribute.version)


async def update_attribute(ctx: Ctx, call: Call) -> Any:
    """Replace its values. The name in the path counts, one in the body does not."""
    name, values = call.path["attributeFQN"], call.body.values or []
    attribute = await actions.update(ctx, call.account_id, name, values, expect=call.expect)
    return Answer(shown_attribute(attribute), version=attribute.version)


async def delete_attribute(ctx: Ctx, call: Call) -> Any:
    """Take it off the account."""
    await actions.delete(ctx, call.account_id, call.path["attributeFQN"], expect=call.expect)


_PATH = "/commerce/customer/accounts/{accountId}/attributes"
_ONE = f"{_PATH}/{{attributeFQN}}"
_READ: dict[str, Any] = {"group": "CustomerAccount", "scope": "customer:read", "shopper": "own"}
_WRITE: dict[str, Any] = {"group": "CustomerAccount", "scope": "customer:update", "shopper": "own", "changes": True}
_QUERY = (USER_ID, RESPONSE_FIELDS)

OPERATIONS = (
    Operation(
        id="getAccountAttributes", method="GET", path=_PATH, handler=list_attributes,
        query=(*LIST, USER_ID), answer=CustomerAttributeCollection, summary="List an account's attributes", **_READ,
    ),
    Operation(
        id="getAccountAttribute", method="GET", path=_ONE, handler=get_attribute, query=_QUERY,
        answer=CustomerAttribute, versioned=True, summary="Read an attribute", **_READ,
    ),
    Operation(
        id="addAccountAttribute", method="POST", path=_PATH, handler=add_attribute, query=_QUERY,
        body=CustomerAttribute, answer=CustomerAttribute, status=201, replays="yes", versioned=True,
        summary="Set an attribute", **_WRITE,
    ),
    Operation(
        id="updateAccountAttribute", method="PUT", path=_ONE, handler=update_attribute, query=_QUERY,
        body=CustomerAttribute, answer=CustomerAttribute, versioned=True, summary="Replace an attribute's values",
        **_WRITE,
    ),
    Operation(
        id="deleteAccountAttribute", method="DELETE", path=_ONE, handler=delete_attribute, status=204,
        query=(USER_ID,), versioned=True, summary="Take an attribute off an account", **_WRITE,
    ),
)  # fmt: skip
