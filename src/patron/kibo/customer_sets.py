"""Customer sets, in this dialect: sites that share accounts and logins; read only (Kibo behaviour 12)."""

from typing import Any

import msgspec

from patron.kernel.context import Ctx
from patron.kibo.collections import collection
from patron.kibo.parameters import LIST, RESPONSE_FIELDS, RESPONSE_GROUPS, ask
from patron.kibo.wire import AdminUserAuditInfo, Given, Int32, Paged, Wire, time
from patron.tenants import model, queries
from patron.web.operations import Call, Operation


class CustomerSetAggregateInfo(Wire):
    """What is counted."""

    customer_count: Int32 = 0


class CustomerSetSite(Wire):
    """A site of a customer set."""

    customer_set_code: str | None = None
    name: str | None = None
    site_id: Given[Int32] = None


class CustomerSet(Wire):
    """Sites that share accounts and logins."""

    aggregate_info: CustomerSetAggregateInfo | msgspec.UnsetType = msgspec.UNSET
    audit_info: Given[AdminUserAuditInfo] = None
    code: str | None = None
    description: str | None = None
    is_default: Given[bool] = None
    name: str | None = None
    sites: list[CustomerSetSite] | None = None


class CustomerSetCollection(Paged):
    """A page of customer sets."""

    items: list[CustomerSet] | None = None


NAMES = {
    "code": "code",
    "name": "name",
    "description": "description",
    "isdefault": "is_default",
    "createdate": "created_at",
    "updatedate": "updated_at",
    "auditinfo.createdate": "created_at",
    "auditinfo.updatedate": "updated_at",
}


def shown(customer_set: model.CustomerSet, *, counted: bool = True) -> CustomerSet:
    """A customer set as this dialect shows it; `counted`: with the number of its accounts."""
    return CustomerSet(
        aggregate_info=CustomerSetAggregateInfo(customer_count=customer_set.accounts) if counted else msgspec.UNSET,
        audit_info=AdminUserAuditInfo(
            create_date=time(customer_set.created_at), update_date=time(customer_set.updated_at)
        ),
        code=customer_set.code,
        description=customer_set.description,
        is_default=customer_set.is_default,
        name=customer_set.name,
        sites=[
            CustomerSetSite(customer_set_code=site.customer_set, name=site.name, site_id=site.id)
            for site in customer_set.sites
        ],
    )


async def list_customer_sets(ctx: Ctx, call: Call) -> Any:
    """All customer sets. The count is in unless `responseGroups` names groups without AggregateInfo."""
    wanted = ask(call, NAMES, queries.CUSTOMER_SET_FIELDS)
    groups = call.query.get("responseGroups")
    counted = groups is None or "aggregateinfo" in {group.strip().lower() for group in groups.split(",")}
    page = await queries.customer_sets(ctx, wanted)
    return collection(CustomerSetCollection, wanted, page, lambda one: shown(one, counted=counted))


async def get_customer_set(ctx: Ctx, call: Call) -> Any:
    """One customer set, by its code in any case."""
    return shown(await queries.customer_set(ctx, call.path["code"]))


_PATH = "/commerce/customer/customerSets"
_READ: dict[str, Any] = {"group": "CustomerSet", "scope": "customer:read"}

OPERATIONS = (
    Operation(
        id="getCustomerSets", method="GET", path=_PATH, handler=list_customer_sets,
        query=(*(param for param in LIST if param.name != "filter"), RESPONSE_GROUPS), answer=CustomerSetCollection,
        summary="List customer sets", **_READ,
    ),
    Operation(
        id="getCustomerSet", method="GET", path=f"{_PATH}/{{code}}", handler=get_customer_set,
        query=(RESPONSE_FIELDS,), answer=CustomerSet, summary="Read a customer set", **_READ,
    ),
)  # fmt: skip
