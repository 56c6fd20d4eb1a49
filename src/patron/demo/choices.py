"""What only the tenant can say about a made-up customer: its custom attributes and its segments."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from patron.attributes.model import FAMILIES, Definition
from patron.attributes.queries import DEFINITION, read_definition
from patron.attributes.values import checked, word_value
from patron.demo.catalogue import SEGMENTS, TEXTS
from patron.demo.dice import Dice
from patron.demo.people import Person, Value
from patron.kernel.db import Session
from patron.kernel.errors import Invalid

POOL_SIZE = 120
SHARE = 0.4  # of the customers who have a value of a given definition
_EARLIEST, _LATEST = datetime(1945, 1, 1, tzinfo=UTC), datetime(2008, 1, 1, tzinfo=UTC)
_CHOSEN = {segment.code: segment.chosen for segment in SEGMENTS if segment.chosen is not None}
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Pool(msgspec.Struct, frozen=True):
    """Values of one definition, drawn beforehand, of which its accounts get one each."""

    family: str
    values: tuple[Value, ...]


class Choices:
    """A tenant's definitions and segments, as things to choose from."""

    def __init__(self, pools: tuple[Pool, ...], segments: tuple[tuple[int, str, str], ...]) -> None:
        self._pools = pools
        self._segments = segments

    @classmethod
    async def load(cls, db: Session, tenant_id: int) -> "Choices":
        """Read what the tenant has."""
        rows = await db.fetch(
            f"select {DEFINITION} from attribute_definition f where f.tenant_id = $1 and f.is_active order by f.id",
            tenant_id,
        )
        pools = tuple(pool for row in rows if (pool := pool_of(read_definition(row))).values)
        segments = await db.fetch("select id, kind, code from segment where tenant_id = $1 order by id", tenant_id)
        return cls(pools, tuple((row["id"], row["kind"], row["code"]) for row in segments))

    def complete(self, dice: Dice, person: Person, now: datetime) -> Person:
        """The person with attributes, and in the segments that are kept by hand."""
        family = FAMILIES[person.account_type]
        attributes = [dice.pick(pool.values) for pool in self._pools if pool.family == family and dice.chance(SHARE)]
        segments = [
            (segment_id, kind)
            for segment_id, kind, code in self._segments
            if code in _CHOSEN and _CHOSEN[code](person, now)
        ]
        return msgspec.structs.replace(person, attributes=attributes, segments=segments)


def pool_of(definition: Definition) -> Pool:
    """Values that the definition takes, by its own rules; none when we have no idea (a regular expression)."""
    dice = Dice(f"patron values {definition.fqn}")
    values = []
    for given in _ideas(dice, definition):
        try:
            stored = _ENCODER.encode(checked(definition, given))
        except Invalid:
            continue
        values.append(Value(definition.id, definition.fqn, msgspec.Raw(stored)))
    return Pool(definition.family, tuple(values))


def _ideas(dice: Dice, definition: Definition) -> Iterator[list[object]]:
    words = [word_value(definition, word.value) for word in definition.vocabulary if not word.is_hidden]
    rules = definition.validation
    first, last = rules.time_min or _EARLIEST, rules.time_max or _LATEST
    low = int(rules.number_min or 0)
    high = int(rules.number_max) if rules.number_max is not None else low + 2_000
    for _ in range(POOL_SIZE if words or not definition.is_predefined else 0):
        if definition.is_predefined:
            yield [dice.pick(words) for _ in range(dice.few(3) if definition.is_multi_valued else 1)]
        elif definition.data_type == "Bool":
            yield [dice.chance(0.5)]
        elif definition.data_type == "Number":
            yield [dice.number(low, high)]
        elif definition.data_type == "DateTime":
            yield [(first + timedelta(days=dice.number(0, (last - first).days))).date().isoformat()]
        else:
            yield [dice.fill(dice.pick(TEXTS.get(definition.code, TEXTS[""])))]
