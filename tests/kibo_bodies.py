"""Every field of the bodies that the Kibo face reads, found in its types, for tests that put something wrong there."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import inspect

from kibo_requests import EVERY, Form
from patron.web.operations import Operation

Path = tuple[str | int, ...]

_DEPTH_MAX = 4
_WRONG: dict[type, tuple[Any, ...]] = {
    inspect.StrType: (7, True, {}, [], 1.5),
    inspect.IntType: ("x", "7", 1.5, True, {}, [], 10**30, -(10**30)),
    inspect.FloatType: ("x", "7", True, {}, []),
    inspect.DecimalType: ("x", True, {}, []),
    inspect.BoolType: ("true", 1, 0, {}, []),
    inspect.ListType: ({}, "x", 7, True),
    inspect.StructType: ([], "x", 7, True),
}


@dataclass(frozen=True)
class BodyField:
    """One field of one operation's body: how to reach it, and what it is."""

    operation: Operation
    form: Form
    path: Path
    info: inspect.Type

    @property
    def name(self) -> str:
        """How an error names it."""
        name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return name.removeprefix(".") or "body"

    @property
    def wrong(self) -> tuple[Any, ...]:
        """Values of other types."""
        return _WRONG.get(type(self.info), ())

    def put(self, value: Any) -> Form:
        """The operation's good form with this value in the field."""
        if not self.path:
            return Form(self.form.query, value)
        body = copy.deepcopy(self.form.body)
        at = body
        for step, after in zip(self.path, self.path[1:], strict=False):
            below = [] if isinstance(after, int) else {}
            if isinstance(at, list):
                at[step:] = at[step:] or [below]
            elif not isinstance(at.get(step), type(below)):
                at[step] = below
            at = at[step]
        if isinstance(at, list):
            at[self.path[-1] :] = [value]
        else:
            at[self.path[-1]] = value
        return Form(self.form.query, body)


def fields() -> list[BodyField]:
    """Every field of every body, each once for each operation."""
    first = {operation.key: (operation, form) for operation, form in reversed(EVERY) if operation.body is not None}
    return [
        BodyField(operation, form, path, info)
        for operation, form in first.values()
        for path, info in _walk(inspect.type_info(operation.body), ())
    ]


def _walk(info: inspect.Type, path: Path) -> Iterator[tuple[Path, inspect.Type]]:
    if isinstance(info, inspect.Metadata):
        yield from _walk(info.type, path)
    elif isinstance(info, inspect.UnionType):
        for one in info.types:
            yield from _walk(one, path)
    elif not isinstance(info, inspect.NoneType | inspect.AnyType):
        yield path, info
        if isinstance(info, inspect.StructType) and len(path) < _DEPTH_MAX:
            for field in info.fields:
                yield from _walk(field.type, (*path, field.encode_name))
        elif isinstance(info, inspect.ListType):
            yield from _walk(info.item_type, (*path, 0))


def texts() -> list[BodyField]:
    """The fields that take text."""
    return [field for field in fields() if isinstance(field.info, inspect.StrType)]


def encoded(form: Any) -> bytes:
    """A body as JSON; also one that only a careless client would send."""
    return msgspec.json.encode(form)
