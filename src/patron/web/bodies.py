"""Reads JSON bodies into typed structs, with an error that names the field.

Property names are taken in any case (Kibo behaviour 1.9), unknown ones are ignored, null means absent. What
PostgreSQL could not store, or what would stall the server, is refused here: NUL, lone surrogates, deep nesting.
"""

import asyncio
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive

from patron.kernel.errors import Invalid, PatronError

BODY_BYTES_MAX = 1_000_000
BODY_SECONDS_MAX = 30
DEPTH_MAX = 32

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_PATH = re.compile(r" - at `(?P<path>.*)`$")


class Unreadable(PatronError):
    """The body is no JSON at all, or JSON that we do not take."""


class Misfit(Invalid):
    """A field of the body has a form that it cannot have. The problem names it as the wire does, by its path."""


class _Unfit(Exception):
    """A value that no field takes. `path` leads to it and grows on the way out."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.path = ""


class TooLarge(Exception):
    """The body is larger than we take."""


class Gone(Exception):
    """Whoever asked has hung up."""


async def receive(receive: Receive, *, discard_max: int, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """The body of a request. Raises TooLarge over `bytes_max`, Unreadable when it takes too long to arrive, Gone.

    A larger body is read to its end all the same (up to `discard_max`), so that the client hears our answer rather
    than a broken connection.
    """
    data = bytearray()
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            is_more = True
            while is_more and size <= discard_max:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                chunk = message.get("body", b"")
                size += len(chunk)
                if size <= bytes_max:
                    data += chunk
                is_more = message.get("more_body", False)
    except TimeoutError:
        raise Unreadable(f"The body did not arrive within {BODY_SECONDS_MAX} seconds.") from None
    if size > bytes_max:
        raise TooLarge
    return bytes(data)


def from_form(data: bytes) -> bytes:
    """A form as the JSON that it stands for; some clients send their token call so (Kibo behaviour 2.1)."""
    try:
        return msgspec.json.encode(dict(parse_qsl(data.decode(), max_num_fields=50)))
    except ValueError:
        raise Unreadable("The form cannot be read.") from None


def read(data: bytes, type_: Any) -> Any:
    """Decode a body into `type_`. Raises Unreadable for what is no JSON, Misfit for a field of the wrong type."""
    if not data.strip():
        raise Unreadable("The request has no body.")
    try:
        raw = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ArithmeticError):
        raise Unreadable("The body cannot be read as JSON.") from None
    try:
        return msgspec.convert(_shape(raw, type_, 0), type_)
    except _Unfit as unfit:
        raise Misfit.field(unfit.path.removeprefix(".") or "body", unfit.message) from None
    except msgspec.ValidationError as error:
        raise _named(error) from None


def _shape(value: Any, type_: Any, depth: int) -> Any:
    """The same value with the property names that `type_` knows. Absent and null become one."""
    if depth > DEPTH_MAX:
        raise Unreadable("The body is nested too deeply.")
    if isinstance(value, str):
        if not _is_text(value):
            raise _Unfit("must not hold NUL characters or lone surrogates")
    elif isinstance(value, Decimal):
        if abs(value.adjusted()) > 30:
            raise _Unfit("is out of range")
    elif isinstance(value, list):
        inner = _element(type_)
        return [_within(f"[{place}]", one, inner, depth) for place, one in enumerate(value)]
    elif isinstance(value, dict):
        return _shape_object(value, _names(type_), depth)
    return value


def _shape_object(value: dict[str, Any], names: dict[str, tuple[str, Any]], depth: int) -> dict[str, Any]:
    shaped: dict[str, Any] = {}
    for key, one in value.items():
        name, inner = names.get(key.lower(), (key, Any))
        if not _is_text(name):
            raise _Unfit("must not hold NUL characters or lone surrogates in a name")
        if one is not None or name not in shaped:
            shaped[name] = _within(f".{name}", one, inner, depth)
    return {name: one for name, one in shaped.items() if one is not None} if names else shaped


def _within(step: str, value: Any, type_: Any, depth: int) -> Any:
    try:
        return _shape(value, type_, depth + 1)
    except _Unfit as unfit:
        unfit.path = step + unfit.path
        raise


def _is_text(value: str) -> bool:
    if value.isascii():
        return "\0" not in value
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


@cache
def _names(type_: Any) -> dict[str, tuple[str, Any]]:
    """Lower-case property name → its name and type, for a struct type (or a union with one)."""
    struct = _struct(type_)
    if struct is None:
        return {}
    return {f.encode_name.lower(): (f.encode_name, f.type) for f in msgspec.structs.fields(struct)}


@cache
def _struct(type_: Any) -> Any:
    for one in _parts(type_):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one
    return None


@cache
def _element(type_: Any) -> Any:
    for one in _parts(type_):
        if getattr(one, "__origin__", None) is list:
            return one.__args__[0]
    return Any


def _parts(type_: Any) -> Iterator[Any]:
    """The type and the types that it is made of: those of a union, and what is annotated."""
    yield type_
    for one in getattr(type_, "__args__", ()):
        yield from _parts(one)


def _named(error: msgspec.ValidationError) -> Invalid:
    """`Expected str, got int - at $.contacts[0].email` → a problem of the field `contacts[0].email`."""
    text = str(error)
    match = _PATH.search(text)
    path = match["path"].removeprefix("$").removeprefix(".") if match else ""
    sentence = text[: match.start()] if match else text
    return Misfit.field(re.sub(r"\[\.\.\.\]", "[]", path) or "body", f"{sentence[:1].lower()}{sentence[1:]}")
