"""What only the tenant can say about a made-up customer: its custom attributes and its segments."""

from datetime import datetime

import msgspec

from patron.demo.catalogue import SEGMENTS
from patron.demo.dice import Dice
from patron.demo.people import Person, Value
from patron.kernel.db import Session

_RULES = {segment.code: segment.rule for segment in SEGMENTS}


class Pool(msgspec.Struct, frozen=True):
    """Possible values of one definition, drawn beforehand."""

    account_type: str
    values: tuple[Value, ...]


class Choices:
    """A tenant's definitions and segments, as things to choose from."""

    def __init__(self, pools: tuple[Pool, ...], segments: tuple[tuple[int, str, str], ...]) -> None:
        self._pools = pools
        self._segments = segments

    @classmethod
    async def load(cls, db: Session, tenant_id: int) -> "Choices":
        """Read what the tenant has."""
        segments = await db.fetch("select id, kind, code from segment where tenant_id = $1 order by id", tenant_id)
        return cls((), tuple((row["id"], row["kind"], row["code"]) for row in segments))

    def complete(self, dice: Dice, person: Person, now: datetime) -> Person:
        """The person with attributes and segments."""
        attributes = [
            dice.pick(pool.values)
            for pool in self._pools
            if pool.account_type == person.account_type and dice.chance(0.4)
        ]
        segments = [
            (segment_id, kind)
            for segment_id, kind, code in self._segments
            if code in _RULES and _RULES[code](person, now)
        ]
        return msgspec.structs.replace(person, attributes=attributes, segments=segments)
