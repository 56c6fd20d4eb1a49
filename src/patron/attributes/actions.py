"""Changes of attribute definitions and of values."""

from patron.accounts.model import Account
from patron.attributes.model import Attribute
from patron.kernel.context import Ctx


async def insert(ctx: Ctx, account: Account, values: dict[str, list[object]]) -> list[Attribute]:
    """Set attributes of an account that the caller has just made."""
    raise AssertionError


async def replace(ctx: Ctx, account: Account, values: dict[str, list[object]]) -> list[Attribute]:
    """Make these the attributes of an account that the caller has locked."""
    raise AssertionError
