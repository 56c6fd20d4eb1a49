"""What a row of customers means: all that is wrong with it, or what can be written."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from patron.accounts.model import Profile
from patron.accounts.model import checked as checked_profile
from patron.contacts.actions import one_primary
from patron.contacts.model import Details
from patron.contacts.model import checked as checked_contact
from patron.imports.model import (
    CONTACT_COLUMN,
    CONTACT_FIELDS,
    CONTACTS_MAX,
    FLAGS,
    METADATA_BYTES_MAX,
    PROFILE,
    REFERENCES,
    TEXTS,
    TIMES,
    Complaint,
    Ready,
    Record,
    shown_key,
)
from patron.kernel.errors import Faults, Invalid
from patron.kernel.values import holds_card_number
from patron.logins import foreign
from patron.logins.actions import FOREIGN_HASH_LENGTH_MAX, checked_name
from patron.tags.model import TAGS_MAX
from patron.tags.model import checked_name as checked_tag
from patron.tenants.model import PasswordPolicy

# A hash as we make them ourselves: with the same parameters it needs no second look at the first sign-in.
_OWN_HASH = re.compile(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}")
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_PLAIN, _FLAGS, _TIMES, _PROFILE = frozenset(TEXTS), frozenset(FLAGS), frozenset(TIMES), frozenset(PROFILE)
_FLAGS_OF_CONTACTS = frozenset(name for name in CONTACT_FIELDS if name.startswith("is_"))
_OF_CONTACTS = frozenset(CONTACT_FIELDS)
_TEXTS_OF_CONTACTS = _OF_CONTACTS - _FLAGS_OF_CONTACTS


def check(record: Record, policy: PasswordPolicy) -> tuple[Ready | None, list[Complaint]]:
    """What a row means: all that is wrong with it, or what can be written, perhaps with a warning."""
    key = shown_key(record.given, record.line)
    if record.given is None:
        return None, [Complaint(record.line, key, "", record.fault)]
    faults = Faults()
    ready = _read(record, faults)
    if ready is not None and ready.password is not None and (fault := policy.fault_of_import(ready.password)):
        with faults.of():
            raise Invalid.field("password", fault)
    if faults.problems or ready is None:
        return None, [Complaint(record.line, key, one.field, one.message) for one in faults.problems]
    if ready.is_unknown_hash:
        unknown = "has no format that can be checked: kept, for a hook or until the owner sets a new one"
        return ready, [Complaint(record.line, key, "password_hash", unknown, is_warning=True)]
    return ready, []


def _read(record: Record, faults: Faults) -> Ready | None:
    values: dict[str, Any] = {}
    for name, value in (record.given or {}).items():
        if value is None or value == "":
            continue
        if type(value) is str and name in _PLAIN and (record.is_clean or (value.isascii() and "\0" not in value)):
            values[name] = value
            continue
        with faults.of():
            values[name] = _value(name, value)
    profile, user_name, contacts = Profile(), None, _contacts(values, faults, is_clean=record.is_clean)
    with faults.of():
        profile = checked_profile(Profile(**{name: values[name] for name in _PROFILE & values.keys()}))
    if "user_name" in values:
        with faults.of():
            user_name = checked_name(values["user_name"])
    _check_references(values, faults)
    ready = Ready(
        line=record.line,
        named=frozenset(values),
        profile=profile,
        user_name=user_name,
        contacts=contacts,
        flags={name: values[name] for name in _FLAGS & values.keys()},
        times={name: values[name] for name in _TIMES & values.keys()},
        references={name: values[name].strip() for name in REFERENCES.keys() & values.keys()},
        metadata=values.get("metadata"),
        group=values.get("group"),
        tags=values.get("tags"),
    )
    if "password_hash" in values or "password" in values:
        with faults.of():
            _credential(ready, values)
            checked_name(ready.login_name)
    if not faults.problems:
        ready.set_keys()
    return ready


def _value(name: str, value: Any) -> Any:
    if name in _PLAIN:
        return _text(name, value)
    if name in _FLAGS:
        return _flag(name, value)
    if name in _TIMES:
        return _time(name, value)
    if name == "metadata":
        return _metadata(value)
    if name == "tags":
        return _tags(value)
    if name == "contacts":
        found = _json(name, value, list)
        if len(found) > CONTACTS_MAX:
            raise Invalid.field(name, f"has at most {CONTACTS_MAX} entries", "too_long")
        return found
    if (found := CONTACT_COLUMN.fullmatch(name)) and found[2] in CONTACT_FIELDS:
        return value
    raise Invalid.field(name[:100], "is no column of this format", "unknown")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid.field(name, "is not text", "type")
    if "\0" in value:
        raise Invalid.field(name, "must not hold the character NUL")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Invalid.field(name, "is not UTF-8") from None
    return value


def _flag(name: str, value: Any) -> bool:
    found = value if isinstance(value, bool) else _WORDS.get(value.strip().lower()) if isinstance(value, str) else None
    if found is None:
        raise Invalid.field(name, "is true or false", "type")
    return found


def _time(name: str, value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value.strip())
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, AttributeError, TypeError, OverflowError):
        raise Invalid.field(name, "is not a time (ISO 8601, such as 2024-05-31T12:00:00Z)", "type") from None


def _json(name: str, value: Any, kind: type) -> Any:
    """Text of a cell as JSON; what comes from JSON is there already."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            raise Invalid.field(name, "is not JSON", "type") from None
    if not isinstance(value, kind):
        raise Invalid.field(name, f"is not a JSON {'object' if kind is dict else 'array'}", "type")
    return value


def _metadata(value: Any) -> Any:
    found = _json("metadata", value, dict)
    try:
        written = msgspec.json.encode(found)
    except (UnicodeEncodeError, RecursionError):
        raise Invalid.field("metadata", "is not JSON", "type") from None
    if len(written) > METADATA_BYTES_MAX:
        raise Invalid.field("metadata", f"has at most {METADATA_BYTES_MAX} bytes", "too_long")
    if b"\\u0000" in written:
        raise Invalid.field("metadata", "must not hold the character NUL")
    if holds_card_number(written.decode()):
        raise Invalid.field("metadata", "must not hold a card number")
    return found


def _tags(value: Any) -> list[str]:
    """Names of tags, each once: a list, or text with commas between them."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise Invalid.field("tags", "are names with commas between them, or a list of names", "type")
    try:
        names = list(dict.fromkeys(checked_tag(one) for one in given))
    except Invalid as error:
        raise Invalid.field("tags", f"have a name that {error.problems[0].message}") from None
    if len(names) > TAGS_MAX:
        raise Invalid.field("tags", f"are too many (maximum is {TAGS_MAX})", "too_long")
    return names


def _contacts(values: dict[str, Any], faults: Faults, *, is_clean: bool) -> list[Details]:
    """Contacts from their list, and behind them those of columns such as contact_1_city."""
    given: list[Any] = list(values.get("contacts", ()))
    numbered: dict[int, dict[str, Any]] = {}
    for name in [name for name in values if name.startswith("contact_")]:
        _, number, field = name.split("_", 2)
        numbered.setdefault(int(number), {})[field] = values.pop(name)
    given += [numbered[number] for number in sorted(numbered)]
    if given:
        values["contacts"] = given
    if len(given) > CONTACTS_MAX:
        with faults.of():
            raise Invalid.field("contacts", f"has at most {CONTACTS_MAX} entries", "too_long")
    contacts = []
    for place, one in enumerate(given[:CONTACTS_MAX], start=1):
        with faults.of(f"contacts[{place}]."):
            contacts.append(_contact(one, is_clean=is_clean))
    return one_primary(contacts) if len(contacts) > 1 else contacts


def _contact(one: Any, *, is_clean: bool) -> Details:
    if not isinstance(one, dict):
        raise Invalid.field("", "is not an object", "type")
    if is_clean and one.keys() <= _OF_CONTACTS:
        with suppress(msgspec.ValidationError):  # what is no text or flag is told, or read, below
            return checked_contact(msgspec.convert(one, Details))
    read: dict[str, Any] = {}
    for name, value in one.items():
        if type(value) is str and name in _TEXTS_OF_CONTACTS and value.isascii() and "\0" not in value:
            if value:
                read[name] = value
            continue
        if name not in CONTACT_FIELDS:
            raise Invalid.field(str(name)[:100], "is no field of a contact", "unknown")
        if value is not None and value != "":
            read[name] = _flag(name, value) if name in _FLAGS_OF_CONTACTS else _text(name, value)
    return checked_contact(Details(**read))


def _check_references(values: dict[str, Any], faults: Faults) -> None:
    for name, length in REFERENCES.items():
        if name in values and len(values[name]) > length:
            with faults.of():
                raise Invalid.field(name, f"has at most {length} characters", "too_long")


def _credential(ready: Ready, values: dict[str, Any]) -> None:
    stored, typed = values.get("password_hash"), values.get("password")
    if stored and typed:
        raise Invalid.field("password", "comes instead of password_hash, not with it")
    if typed:
        ready.password = typed
    elif stored and _OWN_HASH.fullmatch(stored):
        ready.own_hash = stored
    elif stored:
        if len(stored) > FOREIGN_HASH_LENGTH_MAX:
            raise Invalid.field("password_hash", f"has at most {FOREIGN_HASH_LENGTH_MAX} characters", "too_long")
        ready.foreign_hash, ready.is_unknown_hash = stored, not foreign.is_known(stored)
        if ready.is_unknown_hash and (fault := foreign.fault(stored)):
            raise Invalid.field("password_hash", fault, "too_costly")
