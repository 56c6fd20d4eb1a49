"""What the worker is given by a dialect's face: how a row becomes one of its resources, and its resources rows.

The engine here knows jobs, chunks and complaints; what a resource is only the face knows. So that neither need know
the other's part, the worker hands the one to the other.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from patron.kernel.context import Ctx
from patron.kernel.errors import PatronError
from patron.kernel.query import Filter


class Written(msgspec.Struct, frozen=True):
    """What became of a row: whether it made something new, and what of it is not kept here."""

    is_new: bool
    warnings: tuple[tuple[str, str], ...] = ()


class Choice(msgspec.Struct, frozen=True):
    """What of a type is exported: as the caller wrote it, checked when the export was made. `within` is a condition on
    the fields of its listing that must hold, too.
    """

    type: str
    format: str
    filters: Mapping[str, Any]
    fields: Sequence[str]
    includes: Sequence[str]
    is_dry: bool
    within: Filter | None = None


class Portion(msgspec.Struct, frozen=True):
    """A part of an export: its lines, how many records they are, the id of the last, and whether that is all."""

    lines: bytes
    count: int
    last: int
    is_end: bool


class Dialect(Protocol):
    """A face, as far as imports and exports need it."""

    def key(self, type_: str, row: Any, place: int) -> str:
        """By what people find a row again."""

    async def read(self, ctx: Ctx, type_: str, row: Any, parent: str | None) -> Any:
        """What a row means, and whatever takes long, before any transaction. Raises Invalid."""

    async def write(self, ctx: Ctx, draft: Any) -> Written:
        """Make or change what a row is about, in the open transaction. Raises PatronError."""

    def faults(self, type_: str, error: PatronError) -> list[tuple[str, str]]:
        """What is wrong with a row: names of attributes, and messages."""

    async def count(self, ctx: Ctx, choice: Choice) -> int:
        """How many records an export will have. Raises PatronError for what can no longer be asked."""

    async def portion(self, ctx: Ctx, choice: Choice, behind: int) -> Portion:
        """The records behind an id, as lines of a file; the first begins as the file does. Raises PatronError."""
