"""The format of files of customers. docs/imports.md describes it for people; checking.py reads it."""

import re
from datetime import datetime
from typing import Any, Literal

import msgspec

from patron.accounts.model import Profile
from patron.contacts.model import Details
from patron.kernel.values import email_key, name_key
from patron.logins.model import names_of

OnExisting = Literal["skip", "update", "fail"]

PROFILE = Profile.__struct_fields__
REFERENCES = {"profile_id": 128, "shopper_reference": 128, "reference_origin": 200}
TEXTS = (
    *("email", "user_name", "first_name", "last_name", "company", "account_type", "external_id", "tax_id", "locale"),
    *REFERENCES,
    *("group", "password_hash", "password"),
)
FLAGS = ("is_tax_exempt", "accepts_marketing", "is_active", "is_locked", "must_change_password", "holds_email")
TIMES = ("since_at", "created_at")
COLUMNS = (*TEXTS, *FLAGS, *TIMES, "metadata", "tags", "contacts")
CONTACT_COLUMN = re.compile(r"contact_([1-9][0-9]{0,2})_([a-z_0-9]+)")
CONTACT_FIELDS = Details.__struct_fields__
CONTACTS_MAX = 200
METADATA_BYTES_MAX = 20_000


class Record(msgspec.Struct):
    """A row as it stands in its source: what it gives, or why it cannot be read. `end` is where the next one begins.

    `is_clean` says that all its text can be stored: UTF-8 without NUL. Else each cell is looked at.
    """

    line: int
    end: int
    given: dict[str, Any] | None = None
    fault: str = ""
    is_clean: bool = False


class Complaint(msgspec.Struct, frozen=True):
    """What is wrong with a row. `key` says which it is, `field` is empty for the row as a whole."""

    line: int
    key: str
    field: str
    message: str
    is_warning: bool = False


class Ready(msgspec.Struct):
    """A row that can be written. `named` are the columns that hold something.

    It is known by its `email_key`, unless its address leads to another customer; `names` are those that lead to its
    login, with the column of each.
    """

    line: int
    named: frozenset[str]
    profile: Profile
    user_name: str | None
    contacts: list[Details]
    flags: dict[str, bool]
    times: dict[str, datetime]
    references: dict[str, str]
    metadata: dict[str, Any] | None
    group: str | None
    tags: list[str] | None = None
    own_hash: str | None = None
    foreign_hash: str | None = None
    is_unknown_hash: bool = False
    password: str | None = None
    email_key: str | None = None
    names: dict[str, str] = {}

    @property
    def has_login(self) -> bool:
        """Whether it brings what a login needs."""
        return bool(self.own_hash or self.foreign_hash or self.password)

    @property
    def holds_email(self) -> bool:
        """Whether its address leads to it: always, unless the row says that it leads to another account."""
        return bool(self.profile.email) and (self.has_login or self.flags.get("holds_email", True))

    @property
    def login_name(self) -> str:
        """The user name of its login."""
        return self.user_name or self.profile.email or ""

    def set_keys(self) -> None:
        """Work out what it is known by, once all else is set."""
        if self.profile.email and self.holds_email:
            self.email_key = email_key(self.profile.email)
        if self.has_login:
            self.names = names_of(self.login_name, self.profile.email)


def shown_key(given: dict[str, Any] | None, line: int) -> str:
    """By what people find a row again: its e-mail, else another name, else its line."""
    for name in ("email", "external_id", "user_name"):
        if given and isinstance(text := given.get(name), str) and text.strip():
            return text.strip()[:254].replace("\0", "")
    return f"line {line}"


def group_key(code: str) -> str:
    """What a group's code is compared by."""
    return name_key(code)
