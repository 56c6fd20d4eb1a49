"""Rows of tables for new customers, with the keys and the event that signing up would have written."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from patron.accounts.model import AUDITED, keys
from patron.contacts.model import ADDRESS, PERSON, path
from patron.imports.model import CONTACT_FIELDS, REFERENCES, Ready
from patron.kernel.context import Ctx
from patron.kernel.secrets import random_token
from patron.logins.model import FOREIGN_PURPOSE

Row = tuple[object, ...]

# In the order in which they may be written: what a row points to comes first.
COLUMNS: dict[str, tuple[str, ...]] = {
    "account": (
        *("tenant_id", "id", "customer_set_code", "account_type", "user_id", "email", "email_key", "holds_email"),
        *("user_name", "first_name", "last_name", "company", "external_id", "tax_id", "is_tax_exempt"),
        *("accepts_marketing", "locale", "is_active", "is_locked", "is_anonymous", "has_foreign_hash"),
        *("needs_migration", "since_at", "order_currency", *REFERENCES, "metadata"),
        *("created_at", "created_by", "updated_at", "updated_by"),
        *("first_name_key", "last_name_key", "company_key", "email_sort", "search"),
    ),
    "address": ("tenant_id", "id", "account_id", "created_at", "updated_at", *ADDRESS),
    "contact": (
        *("tenant_id", "id", "account_id", "address_id", *PERSON),
        *("created_at", "created_by", "updated_at", "updated_by"),
    ),
    "login": (
        *("tenant_id", "account_id", "customer_set_code", "user_id", "user_name", "password_hash", "foreign_hash"),
        *("is_locked", "must_change", "last_password_at", "created_at", "updated_at"),
    ),
    "login_name": ("tenant_id", "customer_set_code", "name_key", "account_id"),
    "tagging": ("tenant_id", "kind", "owner_id", "tag_id", "created_at"),
    "segment_member": ("tenant_id", "segment_id", "account_id", "kind", "since_at", "added_by"),
    "event": (
        *("tenant_id", "at", "topic", "account_id", "subject", "changes", "actor_kind", "actor", "application"),
        *("site_id", "request_id"),
    ),
}
_PLACE = len(PERSON)


class Rows:
    """Rows by table, in the order of `COLUMNS`, for new customers of the site of `ctx`.

    `ids` gives numbers for the tables that need them. `groups` has groups by their keys, `tags` tags by their names.
    """

    def __init__(
        self, ctx: Ctx, ids: Mapping[str, Iterator[int]], groups: Mapping[str, int], tags: Mapping[str, int]
    ) -> None:
        self.tables: dict[str, list[Row]] = {table: [] for table in COLUMNS}
        self.guests = 0
        self.accounts: dict[int, int] = {}  # by line
        self._ids = ids
        self._groups = groups
        self._tags = tags
        self._vault = ctx.secrets.vault
        self._tenant_id = ctx.tenant_id
        self._site = ctx.at_site
        self._now = ctx.now
        actor = ctx.actor
        self._by = actor.name
        self._told_by = (actor.kind, actor.name, actor.application, self._site.id, ctx.request_id)

    def add(self, ready: Ready, group: str | None, password_hash: str | None) -> None:
        """All rows of one customer."""
        account_id = self.accounts[ready.line] = next(self._ids["account"])
        created = ready.times.get("created_at") or self._now
        changes = self._account(ready, account_id, created, has_login=ready.has_login)
        for details in ready.contacts:
            changes |= self._contact(details, account_id, (created, self._by, self._now, self._by))
        if ready.has_login:
            self._login(ready, account_id, password_hash)
        else:
            self.guests += 1
        if group is not None:
            member = (self._tenant_id, self._groups[group], account_id, "group", self._now, self._by)
            self.tables["segment_member"].append(member)
            changes["group"] = (None, group)
        if ready.tags:
            self.tables["tagging"] += [
                (self._tenant_id, "account", account_id, self._tags[name], self._now) for name in ready.tags
            ]
            changes["tags"] = (None, sorted(ready.tags))
        told = (self._tenant_id, self._now, "account.created", account_id, "", changes, *self._told_by)
        self.tables["event"].append(told)

    def _account(self, ready: Ready, account_id: int, created: datetime, *, has_login: bool) -> dict[str, Any]:
        profile = ready.profile
        user_name = ready.login_name if has_login else ready.user_name
        values = {
            "tenant_id": self._tenant_id,
            "id": account_id,
            "customer_set_code": self._site.customer_set,
            "user_id": random_token() if has_login else None,
            "holds_email": ready.holds_email,
            "user_name": user_name,
            "is_active": ready.flags.get("is_active", True),
            "is_locked": has_login and ready.flags.get("is_locked", False),
            "is_anonymous": not has_login,
            "has_foreign_hash": ready.foreign_hash is not None,
            "needs_migration": ready.is_unknown_hash,
            "since_at": ready.times.get("since_at") or created,
            "order_currency": self._site.currency,
            "metadata": ready.metadata or {},
            "created_at": created,
            "created_by": self._by,
            "updated_at": self._now,
            "updated_by": self._by,
            **dict.fromkeys(REFERENCES),
            **ready.references,
            **msgspec.structs.asdict(profile),
            **keys(profile, user_name),
        }
        self._user_id = values["user_id"]
        self.tables["account"].append(tuple([values[name] for name in COLUMNS["account"]]))
        return {path: (None, values[name]) for name, path in AUDITED.items() if values[name] is not None}

    def _contact(self, details: Any, account_id: int, stamps: Row) -> dict[str, Any]:
        contact_id, address_id = next(self._ids["contact"]), next(self._ids["address"])
        values = msgspec.structs.astuple(details)
        place = (self._tenant_id, address_id, account_id, stamps[0], stamps[2], *values[_PLACE:])
        self.tables["address"].append(place)
        person = (self._tenant_id, contact_id, account_id, address_id, *values[:_PLACE], *stamps)
        self.tables["contact"].append(person)
        fields, beginning = zip(CONTACT_FIELDS, values, strict=True), path(contact_id)
        return {beginning + name: (None, value) for name, value in fields if value is not None}

    def _login(self, ready: Ready, account_id: int, password_hash: str | None) -> None:
        foreign = ready.foreign_hash
        sealed = self._vault.seal(foreign.encode(), FOREIGN_PURPOSE) if foreign is not None else None
        flags = (ready.flags.get("is_locked", False), ready.flags.get("must_change_password", False))
        where = (self._tenant_id, account_id, self._site.customer_set, self._user_id, ready.login_name)
        stamps = (self._now, self._now, self._now)
        self.tables["login"].append((*where, ready.own_hash or password_hash, sealed, *flags, *stamps))
        for name in ready.names:
            self.tables["login_name"].append((self._tenant_id, self._site.customer_set, name, account_id))
