"""Fields of listings that many slices have alike: columns of a table by its alias, and how they are ordered by."""

from patron.kernel.query import Field


def text(sql: str) -> Field:
    """A text that may be null, which counts as empty where rows are ordered."""
    return Field(sql, sort=f"coalesce({sql}, '') collate \"C\"")


def texts(alias: str, *names: str) -> dict[str, Field]:
    """The same for several columns of a table."""
    return {name: text(f"{alias}.{name}") for name in names}


def common(alias: str) -> dict[str, Field]:
    """What every record of the second dialect has."""
    return {
        "id": Field(f"{alias}.id", "integer", sort=f"{alias}.id"),
        "created_at": Field(f"{alias}.created_at", "time", sort=f"{alias}.created_at"),
        "updated_at": Field(f"{alias}.updated_at", "time", sort=f"{alias}.updated_at"),
        **texts(alias, "reference", "reference_origin"),
        "metadata": Field(f"{alias}.metadata", "json"),
    }
