"""What a rule may ask about an account."""

from collections.abc import Iterable

from patron.accounts import queries as accounts
from patron.attributes import queries as attributes
from patron.contacts import queries as contacts
from patron.credits import queries as credits
from patron.kernel.context import Ctx
from patron.kernel.query import Field, Filter
from patron.segments.rules import SEGMENT, compares
from patron.visits import queries as visits

ATTRIBUTE = "attributes."

FIELDS: dict[str, Field] = {
    **accounts.FIELDS,
    **contacts.OF_ACCOUNT,
    # A code is worth its balance: no rule asks about it, so that no explanation shows it.
    **{name: field for name, field in credits.OF_ACCOUNT.items() if name != "credits.code"},
    **visits.OF_ACCOUNT,
    SEGMENT: Field(
        "m.segment_id",
        "integer",
        inside="exists (select from segment_member m where m.tenant_id = $1 and m.account_id = a.id and {})",
    ),
}


async def of_rules(ctx: Ctx, trees: Iterable[Filter]) -> dict[str, Field]:
    """`FIELDS` and those of the custom attributes that these rules name, for which one statement is enough."""
    names = {one.field for tree in trees for one in compares(tree) if one.field.startswith(ATTRIBUTE)}
    return {**FIELDS, **await attributes.filter_fields(ctx, {name.removeprefix(ATTRIBUTE) for name in names})}
