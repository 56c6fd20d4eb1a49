"""Finds the operation of a request: a tree of path segments, built once from the operations table.

Literal segments match in any case and win over parameters; parameters are taken as they are; a final slash does not
count (Kibo behaviour 1.2-1.5). The raw path is split before it is decoded, so that `%2F` may stand inside an id.
"""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar
from urllib.parse import unquote

ALSO = {"GET": ("HEAD",)}


class MethodNotAllowed(Exception):
    """The path exists, for other methods only."""

    def __init__(self, allow: str) -> None:
        super().__init__(allow)
        self.allow = allow


class Routed(Protocol):
    """What can be found: anything with a method and a path."""

    @property
    def method(self) -> str:
        """GET and the like."""

    @property
    def path(self) -> str:
        """Segments; a parameter stands in braces."""


R = TypeVar("R", bound=Routed)


class _Node(Generic[R]):
    __slots__ = ("literals", "operations", "parameter")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[R]] = {}
        self.parameter: _Node[R] | None = None
        self.operations: dict[str, tuple[R, list[str]]] = {}


class Router(Generic[R]):
    """Finds operations by method and path."""

    def __init__(self, operations: Sequence[R]) -> None:
        self._root = _Node[R]()
        self._plain: dict[tuple[str, str], R] = {}
        for operation in operations:
            self._add(operation)

    def _add(self, operation: R) -> None:
        node = self._root
        for segment in operation.path.strip("/").split("/"):
            if segment.startswith("{"):
                node.parameter = node.parameter or _Node[R]()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment.lower(), _Node[R]())
        assert operation.method not in node.operations, f"{operation.method} {operation.path} is there twice"
        names = [s[1:-1] for s in operation.path.split("/") if s.startswith("{")]
        if not names:
            self._plain[operation.method, operation.path] = operation
        node.operations[operation.method] = operation, names

    def find(self, method: str, raw_path: str) -> tuple[R, dict[str, str]] | None:
        """The operation and its path parameters; None for an unknown path.

        Raises MethodNotAllowed when the path is known with other methods.
        """
        plain = self._plain.get((method, raw_path))  # most often the path is written as we write it
        if plain is not None:
            return plain, {}
        node, values = self._root, []
        for raw in raw_path.strip("/").split("/"):
            segment = unquote(raw) if "%" in raw else raw
            if "\0" in segment or "\ufffd" in segment:  # no name of anything: such text cannot be stored
                return None
            literal = node.literals.get(segment.lower())
            if literal is not None:
                node = literal
            elif node.parameter is not None and segment and "\0" not in segment:
                node = node.parameter
                values.append(segment)
            else:
                return None
        if not node.operations:
            return None
        found = node.operations.get("GET" if method == "HEAD" else method)
        if found is None:
            allow = sorted({m for name in node.operations for m in (name, *ALSO.get(name, ()))})
            raise MethodNotAllowed(", ".join(allow))
        operation, names = found
        return operation, dict(zip(names, values, strict=True))
