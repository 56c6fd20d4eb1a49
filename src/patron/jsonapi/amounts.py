"""Amounts on this wire: cents, a float and a formatted text, of one column of minor units."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from patron.jsonapi.resources import Attribute
from patron.kernel.values import from_minor

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


def formatted(minor: int, currency: str) -> str:
    """An amount as people read it: `€1.234,00`-like forms are for pages; this one is `€1,234.00`."""
    amount = from_minor(minor, currency)
    digits = max(0, -int(amount.as_tuple().exponent))
    sign = _SIGNS.get(currency)
    return f"{sign}{amount:,.{digits}f}" if sign else f"{amount:,.{digits}f} {currency}"


def amount(name: str, column: str, *, filters: bool = False, write: str = "") -> tuple[Attribute, ...]:
    """The three attributes of an amount. `column` is the row's; `currency` another column of it."""
    field = column if filters else None
    return (
        Attribute(
            name=f"{name}_cents", kind="integer", column=column, field=field, sorts=filters, write=write, private=write
        ),
        Attribute(name=f"{name}_float", kind="float", column=column, of_row=_float(column)),
        Attribute(name=f"formatted_{name}", column=column, of_row=_formatted(column)),
    )


def _float(column: str) -> Callable[[Any], Any]:
    return lambda row: Decimal(from_minor(row[column], row["currency"]))


def _formatted(column: str) -> Callable[[Any], Any]:
    return lambda row: formatted(row[column], row["currency"])
