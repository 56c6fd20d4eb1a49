"""Our OpenAPI document against the contract: the contract is contained in it, and what it has beyond is listed.

`operations.txt` and `models.txt` are the contract; `not_served.txt` and `extras.txt` are ours, and exact.
"""

from collections.abc import Iterator

import pytest

from contract import facts
from contract.facts import ContractOperation, Type
from contract.ours import OURS, SCHEMAS, SERVED, Json, ours, parameters, success

# Headers that the contract itself has (Kibo behaviour 2.3); every other one is ours.
CONTRACT_HEADERS = {"x-vol-tenant", "x-vol-site", "If-None-Match"}


def content(part: Json | None) -> Json | None:
    return part["content"]["application/json"]["schema"] if part and "content" in part else None


def type_of(schema: Json | None) -> Type | None:
    """A schema of ours in the words of the contract: integers are numbers, `{}` is any, which may be null."""
    if schema is None:
        return None
    choices = schema.get("anyOf", [schema])
    kinds = schema.get("type", [])
    nullable = {"type": "null"} in choices or "null" in kinds
    (schema,) = [one for one in choices if one != {"type": "null"}]
    if "$ref" in schema:
        return Type(schema["$ref"].rpartition("/")[2], nullable=nullable)
    (kind,) = {kinds} if isinstance(kinds, str) else set(kinds) - {"null"} or {"any"}
    if kind == "array":
        item = type_of(schema.get("items", {}))
        assert item is not None
        return Type(item.name, item.format, array=True, nullable=nullable)
    return Type("number" if kind == "integer" else kind, schema.get("format"), nullable=nullable or kind == "any")


def fits(asked: Type | None, given: Type | None) -> bool:
    """Whether ours is the contract's type. A number without a format there may be of any kind here."""
    if asked is None or given is None:
        return asked is given
    same = (asked.name, asked.array) == (given.name, given.array)
    any_number = asked.name == "number" and asked.format is None
    return same and (any_number or asked.format == given.format)


def models_of(operations: dict[str, ContractOperation]) -> Iterator[str]:
    """The contract's models that these operations speak of, with those inside them."""
    waiting = [type_.name for one in operations.values() for type_ in (one.body, one.answer) if type_]
    seen = set[str]()
    while waiting:
        name = waiting.pop()
        if name in facts.models() and name not in seen:
            seen.add(name)
            waiting += [type_.name for type_ in facts.models()[name].values()]
            yield name


MODELS = sorted(models_of(SERVED))


def test_every_operation_is_served_or_listed_as_not_served() -> None:
    listed = list(facts.lines("not_served.txt"))

    assert len(facts.operations()) == 175
    assert listed == sorted(listed)
    assert set(listed) <= set(facts.operations())
    assert set(facts.operations()) - set(SERVED) == set(listed)


@pytest.mark.parametrize("key", SERVED)
def test_an_operation_takes_what_the_contract_has(key: str) -> None:
    asked, given = facts.operations()[key], ours(SERVED[key])

    assert given["operationId"] == key
    assert given["tags"] == [key.partition(".")[0]]
    in_path = {name: type_of(one["schema"]) for name, one in parameters(given, "path").items()}
    assert {name: type_ and type_.name for name, type_ in in_path.items()} == asked.in_path
    in_query = {name: type_of(one["schema"]) for name, one in parameters(given, "query").items()}
    assert asked.query.items() <= {name: type_.name for name, type_ in in_query.items() if type_}.items()
    assert not [one for one in parameters(given, "query").values() if one.get("required")]
    assert fits(asked.body, type_of(content(given.get("requestBody"))))


@pytest.mark.parametrize("key", SERVED)
def test_an_operation_answers_what_the_contract_has(key: str) -> None:
    asked = facts.operations()[key]
    status, answer = success(ours(SERVED[key]))

    assert status == asked.status
    assert fits(asked.answer, type_of(content(answer)))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_the_fields_of_the_contract(name: str) -> None:
    asked, given = facts.models()[name], SCHEMAS[name]

    for field, type_ in asked.items():
        found = type_of(given["properties"].get(field))
        assert fits(type_, found), f"{field}: the contract has {type_}, we have {found}"
        assert found is not None
        assert found.nullable or not type_.nullable, f"{field} may be null"
    assert set(given.get("required", ())) <= {field for field, type_ in asked.items() if type_.required}


def extras() -> Iterator[str]:
    """What we have and the contract has not, a line for each thing."""
    keys = {(one.method, one.path): one for one in SERVED.values()}
    for call, given in OURS.items():
        asked, name = keys.get(call), given["operationId"]
        yield from (f"header {name} {one}" for one in parameters(given, "header") if one not in CONTRACT_HEADERS)
        if asked is None:
            yield f"operation {name} {' '.join(call)}"
        else:
            yield from (f"parameter {name} {one}" for one in parameters(given, "query") if one not in asked.query)
    for name in MODELS:
        asked_fields = facts.models()[name]
        for field, schema in SCHEMAS[name]["properties"].items():
            type_ = type_of(schema)
            if field not in asked_fields:
                yield f"field {name}.{field}"
            elif type_ and type_.nullable and not asked_fields[field].nullable:
                yield f"null {name}.{field}"


def test_what_we_have_beyond_the_contract_is_listed() -> None:
    listed = list(facts.lines("extras.txt"))

    assert listed == sorted(listed)
    assert listed == sorted(extras())
