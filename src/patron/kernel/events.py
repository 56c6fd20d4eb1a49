"""One row per change: the audit entry, the outbox message and the timeline line, in the change's own transaction.

`changes` maps a path of domain names (`first_name`, `contact/12/city`) to the value before and after. Values are what
a person may read later: never passwords, tokens or full card numbers.
"""

from collections.abc import Mapping, Sequence

import msgspec

from patron.kernel.context import Ctx

Changes = dict[str, tuple[object, object]]

# Every topic there is, `noun.verbed`, and what it says to people.
TOPICS: dict[str, str] = {
    "account.created": "Account created",
    "account.updated": "Account changed",
    "account.disabled": "Account disabled",
    "account.enabled": "Account enabled",
    "account.deleted": "Account deleted",
    "anonymization.requested": "Asked to be forgotten",
    "anonymization.cancelled": "No longer to be forgotten",
    "anonymization.started": "Being forgotten",
    "anonymization.completed": "Forgotten",
    "anonymization.failed": "Could not be forgotten",
    "account.acquired": "Bought for the first time",
    "account.repeated": "Bought again",
    "account.recomputed": "Lifetime value computed again",
    "anonymous.linked": "Anonymous shopper recognised",
    "account.tagged": "Tags changed",
    "contact.created": "Contact added",
    "contact.updated": "Contact changed",
    "contact.deleted": "Contact removed",
    "address.created": "Address created",
    "address.updated": "Address changed",
    "address.deleted": "Address removed",
    "subscription.created": "Subscribed",
    "subscription.updated": "Subscription changed",
    "subscription.deleted": "Subscription ended",
    "order.created": "Order begun",
    "order.updated": "Order changed",
    "order.placed": "Order placed",
    "order.approved": "Order approved",
    "order.cancelled": "Order cancelled",
    "order.deleted": "Order removed",
    "return.created": "Return begun",
    "return.updated": "Return changed",
    "return.deleted": "Return removed",
    "order_subscription.created": "Order subscription made",
    "order_subscription.updated": "Order subscription changed",
    "order_subscription.deleted": "Order subscription removed",
    "note.created": "Note added",
    "note.updated": "Note changed",
    "note.deleted": "Note removed",
    "card.created": "Card added",
    "card.updated": "Card changed",
    "card.deleted": "Card removed",
    "attribute.created": "Attribute set",
    "attribute.updated": "Attribute changed",
    "attribute.deleted": "Attribute removed",
    "definition.created": "Attribute definition created",
    "definition.updated": "Attribute definition changed",
    "product_attribute.created": "Product attribute created",
    "product_attribute.updated": "Product attribute changed",
    "product_attribute.deleted": "Product attribute deleted",
    "transaction.created": "Transaction recorded",
    "transaction.deleted": "Transaction removed",
    "visit.created": "Visit recorded",
    "visit.updated": "Visit changed",
    "visits.recorded": "Visits recorded together",
    "login.created": "Login created",
    "login.updated": "Login changed",
    "login.locked": "Login locked",
    "login.unlocked": "Login unlocked",
    "login.failed": "Sign-in failed",
    "login.signed_in": "Signed in",
    "login.password_changed": "Password changed",
    "login.change_required": "Password change required",
    "login.reset_requested": "Password reset requested",
    "login.code_sent": "One-time code sent",
    "login.code_failed": "Wrong one-time code",
    "login.second_factor_asked": "Second factor asked for",
    "login.second_factor_added": "Second factor added",
    "login.second_factor_removed": "Second factor removed",
    "login.recovery_codes_made": "New recovery codes made",
    "login.recovery_code_used": "Recovery code used",
    "login.reset_updated": "Reset of the password changed",
    "login.reset_withdrawn": "Reset of the password withdrawn",
    "impersonation.started": "Acting for the shopper began",
    "ticket.reused": "Refresh token used twice; all its tickets ended",
    "credit.created": "Credit issued",
    "credit.updated": "Credit changed",
    "credit.deleted": "Credit removed",
    "credit.claimed": "Credit claimed",
    "credit.claim_failed": "Code of a credit tried in vain",
    "credit.left": "Credit given to somebody else",
    "credit.debited": "Credit debited",
    "credit.credited": "Credit raised",
    "credit.expired": "Credit expired",
    "payment.debited": "Paid with credit",
    "payment.held": "Credit put on hold",
    "payment.captured": "Held credit spent",
    "payment.voided": "Held credit released",
    "payment.expired": "Hold on credit ended",
    "payment.refunded": "Credit refunded",
    "attachment.created": "Attachment added",
    "attachment.updated": "Attachment changed",
    "attachment.deleted": "Attachment removed",
    "payment_source.created": "Payment source added",
    "payment_source.updated": "Payment source changed",
    "payment_source.deleted": "Payment source removed",
    "sku_list.created": "List created",
    "sku_list.updated": "List changed",
    "sku_list.deleted": "List removed",
    "sku_list_item.created": "Put on a list",
    "sku_list_item.updated": "Item of a list changed",
    "sku_list_item.deleted": "Taken off a list",
    "site.created": "Market created",
    "site.updated": "Market changed",
    "site.deleted": "Market removed",
    "store.created": "Store created",
    "store.updated": "Store changed",
    "store.deleted": "Store removed",
    "tag.created": "Tag created",
    "tag.updated": "Tag changed",
    "tag.deleted": "Tag removed",
    "address.tagged": "Tags of an address changed",
    "order.tagged": "Tags of an order changed",
    "order_subscription.tagged": "Tags of a subscription changed",
    "return.tagged": "Tags of a return changed",
    "segment.created": "Segment created",
    "segment.updated": "Segment changed",
    "segment.deleted": "Segment removed",
    "segment.joined": "Joined a segment",
    "segment.left": "Left a segment",
    "import.created": "Import created",
    "import.started": "Import started",
    "import.completed": "Import completed",
    "import.interrupted": "Import interrupted",
    "import.deleted": "Import removed",
    "export.created": "Export created",
    "export.started": "Export started",
    "export.completed": "Export completed",
    "export.interrupted": "Export interrupted",
    "export.failed": "Export failed",
    "export.deleted": "Export removed",
    "user.created": "User of the organization created",
    "user.password_changed": "Password of a user of the organization changed",
    "user.disabled": "User of the organization switched off",
    "user.sign_in_failed": "Wrong password of a user of the organization",
    "user.authorized": "Web app allowed by a user of the organization",
    "user.code_reused": "Code of a web app used twice; its tokens ended",
    "webhook.created": "Webhook created",
    "webhook.updated": "Webhook changed",
    "webhook.deleted": "Webhook removed",
    "webhook.opened": "Circuit of a webhook opened: it does not answer",
}


# After these no rule of a segment can say anything else about the account.
_UNASKED = frozenset(
    topic
    for topic in TOPICS
    if topic.startswith(("note.", "card.", "ticket.", "attachment.", "sku_list", "payment_source."))
    or topic.endswith(".tagged")
) | {
    "login.failed",
    "login.signed_in",
    "login.reset_requested",
}

# What happens at every sign-in, and has no name in the dialects of the faces: only webhooks that speak our own words
# hear of it.
UNNAMED = frozenset({"login.failed", "login.signed_in"})

# The ids of new events for the relay of webhooks. Only tenants that have some have rows here; at all others a look at
# an index is all it costs.
_HEARS = "exists (select from webhook h where h.tenant_id = $1 and h.disabled_at is null{})"


def _is_heard(topic: str = "") -> str:
    """The condition under which an event goes to the relay."""
    return _HEARS.format(" and h.kind = 'standard'" if topic in UNNAMED else "")


async def record(
    ctx: Ctx, topic: str, *, account_id: int | None = None, subject: str = "", changes: Changes | None = None
) -> None:
    """Write the event of a change. `subject` names what was changed below the account, such as `contact/12`."""
    assert topic in TOPICS, topic
    await ctx.db.write(
        f"""
        with written as (
            insert into event (tenant_id, at, topic, account_id, subject, changes,
                               actor_kind, actor, application, site_id, request_id, impersonator)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            returning id
        )
        insert into event_outbox (tenant_id, event_id)
        select $1, w.id from written w where not $13::boolean and {_is_heard(topic)}
        """,
        ctx.tenant_id,
        ctx.now,
        topic,
        account_id,
        subject,
        changes or {},
        *_caller(ctx),
        ctx.is_quiet,
    )
    if account_id is not None and topic not in _UNASKED:
        await touched(ctx, [account_id])


async def feign(ctx: Ctx, topic: str) -> None:
    """Cost what recording an event costs, and leave none: where an answer's time must not tell who exists."""
    await ctx.db.write(
        f"""
        with written as (
            insert into event (tenant_id, at, topic, actor_kind) select $1, $2, $3, 'system' where false returning id
        )
        insert into event_outbox (tenant_id, event_id) select $1, w.id from written w where {_is_heard(topic)}
        """,
        ctx.tenant_id,
        ctx.now,
        topic,
    )


class Event(msgspec.Struct, frozen=True):
    """One of many changes that are recorded together."""

    topic: str
    account_id: int
    subject: str
    changes: Changes


async def record_many(ctx: Ctx, happened: Sequence[Event], *, follows: bool = False) -> None:
    """Write the events of many changes at once. `follows`: by rules, which need not follow themselves."""
    await ctx.db.write(
        f"""
        with written as (
            insert into event (tenant_id, at, topic, account_id, subject, changes,
                               actor_kind, actor, application, site_id, request_id, impersonator)
            select $1, $2, e.topic, e.account_id, e.subject, e.changes, $7, $8, $9, $10, $11, $12
            from unnest($3::text[], $4::bigint[], $5::text[], $6::jsonb[]) as e (topic, account_id, subject, changes)
            returning id
        )
        insert into event_outbox (tenant_id, event_id)
        select $1, w.id from written w where not $13::boolean and {_is_heard()}
        """,
        ctx.tenant_id,
        ctx.now,
        [one.topic for one in happened],
        [one.account_id for one in happened],
        [one.subject for one in happened],
        [one.changes for one in happened],
        *_caller(ctx),
        ctx.is_quiet,
    )
    if not follows:
        await touched(ctx, sorted({one.account_id for one in happened}))


async def touched(ctx: Ctx, account_ids: Sequence[int]) -> None:
    """Mark accounts as changed, so that the rules of segments look at them: after each event of an account, and when
    stored sums change without one. Written together with the event.

    Only tenants that have rules have the row of `rule_clock`; at all others nothing is written.
    """
    await ctx.db.write(
        """
        insert into account_change (tenant_id, account_id, at)
        select $1, given.id, $3::timestamptz from rule_clock c cross join unnest($2::bigint[]) as given (id)
        where c.tenant_id = $1
        """,
        ctx.tenant_id,
        account_ids,
        ctx.now,
    )


def _caller(ctx: Ctx) -> tuple[object, ...]:
    """Who made the change, in the order of the table's columns."""
    site_id = ctx.site.id if ctx.site else None
    actor = ctx.actor
    return actor.kind, actor.name, actor.application, site_id, ctx.request_id, actor.impersonator


def difference(before: msgspec.Struct | None, after: msgspec.Struct | None, names: Mapping[str, str]) -> Changes:
    """What differs between two states of one thing, as changes. `names` maps the struct's fields to paths."""
    found: Changes = {}
    for field, path in names.items():
        old = getattr(before, field) if before is not None else None
        new = getattr(after, field) if after is not None else None
        if old != new and not (old in (None, "") and new in (None, "")):
            found[path] = (old, new)
    return found
