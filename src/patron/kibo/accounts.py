"""Accounts, in this dialect: create, read, find, change, end (Kibo behaviour 6)."""

from functools import partial
from typing import Any

import msgspec

from patron.attributes import queries as attribute_queries
from patron.customers import actions, addresses, queries
from patron.customers.model import CHILDREN
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, Unauthenticated
from patron.kibo import filters, selection
from patron.kibo.account_bodies import CustomerAccount, CustomerAccountCollection, read, shown
from patron.kibo.collections import collection
from patron.kibo.contacts import NAMES as CONTACT_NAMES
from patron.kibo.credits import NAMES as CREDIT_NAMES
from patron.kibo.parameters import LIST, RESPONSE_FIELDS, RESPONSE_GROUPS, USER_ID, ask_for
from patron.kibo.wire import Wire
from patron.tenants import queries as tenants
from patron.web.operations import Answer, Call, Operation, Param

NAMES = {
    "id": "id",
    "userid": "user_id",
    "firstname": "first_name",
    "lastname": "last_name",
    "emailaddress": "email",
    "username": "user_name",
    "externalid": "external_id",
    "companyororganization": "company",
    "accounttype": "account_type",
    "customerset": "customer_set",
    "acceptsmarketing": "accepts_marketing",
    "isanonymous": "is_anonymous",
    "isactive": "is_active",
    "islocked": "is_locked",
    "taxid": "tax_id",
    "taxexempt": "is_tax_exempt",
    "localecode": "locale",
    "customersincedate": "since_at",
    "createdate": "created_at",
    "updatedate": "updated_at",
    "auditinfo.createdate": "created_at",
    "auditinfo.updatedate": "updated_at",
    "commercesummary.ordercount": "order_count",
    "commercesummary.totalorderamount": "order_total",
    "commercesummary.totalorderamount.amount": "order_total",
    "commercesummary.lastorderdate": "last_order_at",
    "commercesummary.wishlistcount": "wishlist_count",
    "commercesummary.visitscount": "visit_count",
    "lastvisitdate": "last_visit_at",
    "visits.date": "visits.at",
    "visits.type": "visits.kind",
    "visits.websiteid": "visits.site_id",
    "visits.locationcode": "visits.location",
    "visits.deviceclass": "visits.device",
    "segments.id": "segments.id",
    "segments.code": "segments.code",
    "segments.name": "segments.name",
    "creditbalance": "credit_balance",
    **{
        f"credits.{wire}": f"credits.{name}"
        for wire, name in CREDIT_NAMES.items()
        if f"credits.{name}" in queries.FIELDS
    },
    **{f"contacts.{wire}": f"contacts.{name}" for wire, name in CONTACT_NAMES.items()},
}
_ATTRIBUTE = "attributes."
# What is shown as it is stored: a list of these alone reads no whole accounts.
_LIGHT = frozenset(
    "id userid firstname lastname emailaddress username externalid companyororganization accounttype customerset "
    "acceptsmarketing isanonymous isactive islocked taxid taxexempt localecode".split()
)
_FRAME = ("startindex", "pagesize", "pagecount", "totalcount", "nextcursor")

# Which children a response group brings; without the parameter all come (Kibo behaviour 5.4).
_GROUPS = {"contacts": "contacts", "customeraccountnotes": "notes"}


def _children(ctx: Ctx, call: Call, chosen: selection.Selection | None) -> frozenset[str]:
    """The child collections that the answer needs. Shoppers never see notes (Kibo behaviour 12)."""
    wanted = {name for name in CHILDREN if selection.wants(chosen, name)}
    groups = call.query.get("responseGroups")
    if groups is not None:
        named = {group.strip().lower() for group in groups.split(",")}
        wanted -= {child for group, child in _GROUPS.items() if group not in named}
    if ctx.actor.kind == "shopper":
        wanted.discard("notes")
    return frozenset(wanted)


async def list_accounts(ctx: Ctx, call: Call) -> Any:
    """Find accounts by filter, by search box, or page through all."""
    chosen = selection.of_items(call.query.get("responseFields"), call.query.get("fields"), _FRAME)
    terms = filters.parse(call.query.get("filter"))
    custom = {t.field for group in terms for t in group if t.field.startswith(_ATTRIBUTE)}
    fields, known = queries.FIELDS, NAMES
    if custom:
        fields = fields | await attribute_queries.filter_fields(ctx, {c.removeprefix(_ATTRIBUTE) for c in custom})
        known = known | {name: name for name in custom}
    wanted = ask_for(call, known, fields, terms)
    limit = call.query.get("qLimit", 100)
    if not 1 <= limit <= 100:
        raise Invalid.field("qLimit", "is between 1 and 100")
    narrowed = queries.Narrowed(
        fields=fields,
        search=call.query.get("q"),
        search_limit=limit,
        is_anonymous=call.query.get("isAnonymous"),
    )
    items = selection.below(chosen, "items")
    if items and items.keys() <= _LIGHT:
        names = selection.spelled(CustomerAccount, items)
        rows = await queries.rows_of(ctx, wanted, narrowed, [NAMES[name] for name in items])
        frame = collection(CustomerAccountCollection, wanted, msgspec.structs.replace(rows, items=[]), list)
        row, width = selection.row(names), len(names)
        return selection.project(frame, chosen) | {"items": [row(*one[:width]) for one in rows.items]}
    page = await queries.list_of(ctx, wanted, narrowed, _children(ctx, call, items))
    answer = collection(CustomerAccountCollection, wanted, page, lambda one: shown(ctx, one))
    return selection.project(answer, chosen)


async def get_account(ctx: Ctx, call: Call) -> Any:
    """One account with its children."""
    customer = await queries.get(ctx, call.account_id, _children(ctx, call, call.query.get("responseFields")))
    return Answer(shown(ctx, customer), version=customer.account.version)


async def get_current(ctx: Ctx, call: Call) -> Any:
    """The account of the shopper who is calling."""
    if ctx.actor.kind != "shopper":
        raise Unauthenticated("A shopper's token is needed: x-vol-user-claims.")
    if ctx.actor.account_id is None:
        raise NotFound("account of", "an anonymous shopper")
    customer = await queries.get(ctx, ctx.actor.account_id, _children(ctx, call, call.query.get("responseFields")))
    return Answer(shown(ctx, customer), version=customer.account.version)


async def judge_account(ctx: Ctx, call: Call) -> actions.NewCustomer:
    """Before the transaction: are the addresses right, as far as the tenant asks?"""
    new = read(call.body)
    if not new.contacts:
        return new
    policy = await tenants.policy(ctx)
    return (await addresses.judged_customers(ctx, policy.addresses, [new], [""]))[0]


async def add_account(ctx: Ctx, call: Call) -> Any:
    """A new account without a login, with its contacts, notes and attributes."""
    customer = await actions.create(ctx, call.prepared)
    return Answer(shown(ctx, customer), version=customer.account.version)


async def update_account(ctx: Ctx, call: Call) -> Any:
    """Replace the profile: what is left out becomes blank (Kibo behaviour 6.1)."""
    customer = await actions.update(ctx, call.account_id, read(call.body), expect=call.expect)
    return Answer(shown(ctx, customer), version=customer.account.version)


async def delete_account(ctx: Ctx, call: Call) -> Any:
    """Remove an account that has no orders."""
    await actions.delete(ctx, call.account_id, expect=call.expect)


class AccountAction(Wire):
    """What to do with an account: DisableAccount or EnableAccount (Kibo behaviour 1.6)."""

    action_name: str | None = None


async def act(ctx: Ctx, call: Call) -> Any:
    """Disable or enable."""
    wanted = {"disableaccount": False, "enableaccount": True}.get((call.body.action_name or "").strip().lower())
    if wanted is None:
        raise Invalid.field("actionName", "is DisableAccount or EnableAccount")
    await actions.set_active(ctx, call.account_id, active=wanted)
    customer = await queries.get(ctx, call.account_id)
    return Answer(shown(ctx, customer), version=customer.account.version)


_FIELDS = Param("fields", description="Fields of the items to give.", read=partial(selection.parse, parameter="fields"))
_PATH = "/commerce/customer/accounts"
_ONE = f"{_PATH}/{{accountId}}"
_GROUP = "CustomerAccount"

OPERATIONS = (
    Operation(
        _GROUP, "getAccounts", "GET", _PATH, list_accounts, scope="customer:read",
        query=(
            *LIST, _FIELDS,
            Param("q", description="Words to look for; a bare number is an id."),
            Param("qLimit", "number", "Candidates to consider for q, 1 to 100."),
            Param("isAnonymous", "boolean", "Only accounts without, or with, a login."), RESPONSE_GROUPS,
        ),
        answer=CustomerAccountCollection, summary="Find accounts",
    ),
    Operation(
        _GROUP, "getAccount", "GET", _ONE, get_account, scope="customer:read", shopper="own",
        query=(RESPONSE_GROUPS, USER_ID, RESPONSE_FIELDS), answer=CustomerAccount, versioned=True,
        summary="Read an account",
    ),
    Operation(
        _GROUP, "getCurrentAccount", "GET", f"{_PATH}/current", get_current, scope="customer:read", shopper="open",
        query=(RESPONSE_GROUPS, RESPONSE_FIELDS), answer=CustomerAccount, versioned=True,
        summary="Read the shopper's own account",
    ),
    Operation(
        _GROUP, "addAccount", "POST", _PATH, add_account, scope="customer:create", shopper="open",
        before=judge_account, query=(RESPONSE_FIELDS,), body=CustomerAccount, answer=CustomerAccount, status=201,
        changes=True, replays="yes", versioned=True, summary="Create an account without a login",
    ),
    Operation(
        _GROUP, "updateAccount", "PUT", _ONE, update_account, scope="customer:update", shopper="own",
        query=(RESPONSE_FIELDS,), body=CustomerAccount, answer=CustomerAccount, changes=True,
        versioned=True, summary="Replace an account's profile",
    ),
    Operation(
        _GROUP, "deleteAccount", "DELETE", _ONE, delete_account, scope="customer:delete", status=204, changes=True,
        versioned=True, summary="Remove an account",
    ),
    Operation(
        _GROUP, "performAccountAction", "POST", f"{_ONE}/action", act, scope="customer:update",
        query=(RESPONSE_FIELDS,), body=AccountAction, answer=CustomerAccount, changes=True, replays="yes",
        versioned=True, summary="Disable or enable an account",
    ),
)  # fmt: skip
