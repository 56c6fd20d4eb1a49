"""The tables beside this file: what the contract says, and what we say about ourselves."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_TYPE = re.compile(r"(?P<name>\w+)(\((?P<format>[\w-]+)\))?(?P<array>\[\])?(?P<nullable>\?)?(?P<required>!)?")
_IN_PATH = re.compile(r"\{(\w+)(?::(\w+))?\}")


@dataclass(frozen=True)
class Type:
    """A type as the tables write it: `number(int32)[]?`."""

    name: str
    format: str | None = None
    array: bool = False
    nullable: bool = False
    required: bool = False

    @classmethod
    def read(cls, text: str) -> "Type":
        match = _TYPE.fullmatch(text)
        assert match, text
        return cls(
            match["name"], match["format"], bool(match["array"]), bool(match["nullable"]), bool(match["required"])
        )


@dataclass(frozen=True)
class ContractOperation:
    """One operation: parameters by name, each with its type."""

    key: str
    method: str
    path: str
    in_path: dict[str, str]
    query: dict[str, str]
    body: Type | None
    status: int
    answer: Type | None


@cache
def operations() -> dict[str, ContractOperation]:
    """All operations of the contract, by group and id."""
    read = [_operation(*line.split()) for line in lines("operations.txt")]
    return {operation.key: operation for operation in read}


def _operation(key: str, method: str, path: str, query: str, body: str, status: str, answer: str) -> ContractOperation:
    named = [] if query == "-" else [parameter.partition(":") for parameter in query.split(",")]
    return ContractOperation(
        key,
        method,
        _IN_PATH.sub(r"{\1}", path),
        {name: kind or "string" for name, kind in _IN_PATH.findall(path)},
        {name: kind or "string" for name, _, kind in named},
        None if body == "-" else Type.read(body),
        int(status),
        None if answer == "-" else Type.read(answer),
    )


@cache
def models() -> dict[str, dict[str, Type]]:
    """All models of the contract: fields by name, each with its type."""
    read: dict[str, dict[str, Type]] = {}
    name = ""
    for line in lines("models.txt"):
        if line.startswith(" "):
            field, type_ = line.split()
            read[name][field] = Type.read(type_)
        else:
            name = line
            read[name] = {}
    return read


def lines(name: str) -> Iterator[str]:
    """The lines of a table, without remarks and blank lines."""
    for line in (_FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line
