"""Pages of things as collections of this dialect."""

from collections.abc import Callable
from typing import TypeVar

from patron.kernel.query import Ask, Page
from patron.kibo.wire import Paged

T = TypeVar("T")
C = TypeVar("C", bound=Paged)


def collection(type_: type[C], ask: Ask, page: Page[T], shown: Callable[[T], object]) -> C:
    """A collection of `type_` with what its frame says (Kibo behaviour 5.1)."""
    return type_(
        start_index=ask.start,
        page_size=ask.size,
        page_count=-(-page.total // ask.size) if ask.size else 0,
        total_count=page.total,
        next_cursor=page.next_cursor,
        items=[shown(one) for one in page.items],  # type: ignore[call-arg]  # every subclass has items
    )
