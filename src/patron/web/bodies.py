"""Reads JSON bodies into typed structs, with an error that names the field.

Property names are taken in any case (Kibo behaviour 1.9), unknown ones are ignored, null means absent. What
PostgreSQL could not store, or what would stall the server, is refused here: NUL, lone surrogates, deep nesting.
"""

import re
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from patron.kernel.errors import Invalid, PatronError

BODY_BYTES_MAX = 1_000_000
DEPTH_MAX = 32

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_PATH = re.compile(r" - at `(?P<path>.*)`$")


class Unreadable(PatronError):
    """The body is no JSON at all, or JSON that we do not take."""


class TooLarge(Exception):
    """The body is larger than we take."""


async def receive(request: Request, *, discard_max: int) -> bytes:
    """The body of a request. Raises TooLarge over `BODY_BYTES_MAX`.

    A larger body is read to its end all the same (up to `discard_max`), so that the client hears our answer rather
    than a broken connection.
    """
    data = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= BODY_BYTES_MAX:
            data += chunk
        elif size > discard_max:
            break
    if size > BODY_BYTES_MAX:
        raise TooLarge
    return bytes(data)


def from_form(data: bytes) -> bytes:
    """A form as the JSON that it stands for; some clients send their token call so (Kibo behaviour 2.1)."""
    try:
        return msgspec.json.encode(dict(parse_qsl(data.decode(), max_num_fields=50)))
    except ValueError:
        raise Unreadable("The form cannot be read.") from None


def read(data: bytes, type_: Any) -> Any:
    """Decode a body into `type_`. Raises Unreadable for what is no JSON, Invalid for a field of the wrong type."""
    if not data.strip():
        raise Unreadable("The request has no body.")
    try:
        raw = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ArithmeticError):
        raise Unreadable("The body cannot be read as JSON.") from None
    try:
        return msgspec.convert(_shape(raw, type_, 0), type_)
    except msgspec.ValidationError as error:
        raise _named(error) from None


def _shape(value: Any, type_: Any, depth: int) -> Any:
    """The same value with the property names that `type_` knows. Absent and null become one."""
    if depth > DEPTH_MAX:
        raise Unreadable("The body is nested too deeply.")
    if isinstance(value, str):
        if "\0" in value or not _is_text(value):
            raise Unreadable("Text must not hold NUL characters or lone surrogates.")
        return value
    if isinstance(value, Decimal) and abs(value.adjusted()) > 30:
        raise Unreadable("A number is out of range.")
    if isinstance(value, list):
        inner = _element(type_)
        return [_shape(one, inner, depth + 1) for one in value]
    if isinstance(value, dict):
        names = _names(type_)
        shaped = {}
        for key, one in value.items():
            name, inner = names.get(key.lower(), (key, Any))
            if one is not None or name not in shaped:
                shaped[name] = _shape(one, inner, depth + 1)
        return {name: one for name, one in shaped.items() if one is not None} if names else shaped
    return value


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


@cache
def _names(type_: Any) -> dict[str, tuple[str, Any]]:
    """Lower-case property name → its name and type, for a struct type (or a union with one)."""
    struct = _struct(type_)
    if struct is None:
        return {}
    return {f.encode_name.lower(): (f.encode_name, f.type) for f in msgspec.structs.fields(struct)}


@cache
def _struct(type_: Any) -> Any:
    for one in (type_, *getattr(type_, "__args__", ())):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one
    return None


@cache
def _element(type_: Any) -> Any:
    for one in (type_, *getattr(type_, "__args__", ())):
        if getattr(one, "__origin__", None) is list:
            return one.__args__[0]
    return Any


def _named(error: msgspec.ValidationError) -> Invalid:
    """`Expected str, got int - at $.contacts[0].email` → a problem of the field `contacts[0].email`."""
    text = str(error)
    match = _PATH.search(text)
    path = match["path"].removeprefix("$").removeprefix(".") if match else ""
    sentence = text[: match.start()] if match else text
    return Invalid.field(re.sub(r"\[\.\.\.\]", "[]", path) or "body", f"{sentence}.")
