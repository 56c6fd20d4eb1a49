"""The values that a product attribute can be chosen from: what may be added, replaced and removed.

A value is known by its text without case, a number by what it amounts to; it never changes (Kibo behaviour 9.4).
"""

from decimal import Decimal

import msgspec

from patron.kernel.errors import Faults, Invalid, Problem, Refused, Taken
from patron.product_attributes import labels
from patron.product_attributes.model import Attribute, Label, Locales, Word, WordDetails, plain_number, value_key

WORDS_MAX = 1000
VALUE_LENGTH_MAX = 200
KEY_BYTES_MAX = 1000
PRODUCT_NAME_LENGTH_MAX = 200
MAPPED_MAX = 100
POSITION_MAX = 2**31 - 1


def written(
    data_type: str, before: list[Word], given: list[WordDetails], locales: Locales, prefix: str = ""
) -> list[Word]:
    """These values instead of those before; one that was there before keeps its id, and labels that are left out.

    `prefix` stands before the field of a fault: `vocabulary_values` in a whole attribute. Raises Invalid, Refused.
    """
    if len(given) > WORDS_MAX:
        raise Invalid.field("vocabulary_values", f"has at most {WORDS_MAX} entries", "too_long")
    known = {word.key: word for word in before}
    faults = Faults()
    words: list[Word] = []
    for place, one in enumerate(given):
        with faults.of(f"{prefix}[{place}]."):
            value = _value(data_type, one)
            old = known.get(value_key(data_type, value))
            positioned = msgspec.structs.replace(one, position=place + 1 if one.position is None else one.position)
            words.append(_word(data_type, old, value, positioned, locales))
    faults.tell()
    if len({word.key for word in words}) < len(words):
        raise Invalid.field("vocabulary_values", "has a value twice")
    return words


def added(attribute: Attribute, given: WordDetails, locales: Locales) -> tuple[list[Word], Word]:
    """One more value, at the end unless it says where. Raises Invalid, Taken, or Refused without a vocabulary."""
    if attribute.value_type != "Predefined":
        raise Refused("attribute_types", "Only a List has vocabulary values.")
    value = _value(attribute.data_type, given)
    if len(attribute.words) >= WORDS_MAX:
        raise Invalid.field("vocabulary_values", f"has at most {WORDS_MAX} entries", "too_long")
    last = max((word.position for word in attribute.words), default=0)
    position = min(last + 1, POSITION_MAX) if given.position is None else given.position
    word = _word(attribute.data_type, None, value, msgspec.structs.replace(given, position=position), locales)
    if any(one.key == word.key for one in attribute.words):
        raise Taken("vocabulary value", "value")
    return [*attribute.words, word], word


def all_written(attribute: Attribute, given: list[WordDetails], locales: Locales) -> list[Word]:
    """The same for an attribute that is there. Raises Invalid, or Refused without a vocabulary."""
    if given and attribute.value_type != "Predefined":
        raise Refused("attribute_types", "Only a List has vocabulary values.")
    return written(attribute.data_type, attribute.words, given, locales)


def replaced(attribute: Attribute, value: str, given: WordDetails, locales: Locales) -> list[Word]:
    """All of a value but the value itself; its place and labels stay when they are left out.

    Raises NotFound, Invalid, Refused.
    """
    old = attribute.word(value)
    if given.value is not None and value_key(attribute.data_type, _value(attribute.data_type, given)) != old.key:
        raise Refused("vocabulary_value_fixed", "A vocabulary value cannot change; add another one.")
    position = old.position if given.position is None else given.position
    after = _word(attribute.data_type, old, old.value, msgspec.structs.replace(given, position=position), locales)
    return [after if one is old else one for one in attribute.words]


def relabelled(attribute: Attribute, value: str, entries: list[Label]) -> list[Word]:
    """The values, of which one has other labels. Raises NotFound."""
    old = attribute.word(value)
    return [msgspec.structs.replace(one, labels=entries) if one is old else one for one in attribute.words]


def removed(attribute: Attribute, value: str) -> list[Word]:
    """Without a value. Raises NotFound."""
    old = attribute.word(value)
    return [one for one in attribute.words if one is not old]


def _word(data_type: str, old: Word | None, value: str, given: WordDetails, locales: Locales) -> Word:
    faults = Faults()
    product_name = (given.product_name or "").strip() or None
    if product_name is not None and len(product_name) > PRODUCT_NAME_LENGTH_MAX:
        faults.problems.append(Problem("product_name", f"has at most {PRODUCT_NAME_LENGTH_MAX} characters", "too_long"))
    position = given.position or 0
    if not 0 <= position <= POSITION_MAX:
        faults.problems.append(Problem("display_order", f"is between 0 and {POSITION_MAX}"))
    mapped: list[str] = []
    with faults.of():
        mapped = _mapped_texts(data_type, given.mapped)
    entries: list[Label] = []
    with faults.of():
        entries = labels.written(
            old.labels if old else [], given.labels, given.content, locales, labels.STRING_VALUE, value
        )
    faults.tell()
    if old is not None:
        return msgspec.structs.replace(old, position=position, product_name=product_name, mapped=mapped, labels=entries)
    return Word(value, value_key(data_type, value), 0, 0, position, product_name, mapped, entries)


def _mapped_texts(data_type: str, given: list[object]) -> list[str]:
    field = "mapped_generic_values"
    if len(given) > MAPPED_MAX:
        raise Invalid.field(field, f"has at most {MAPPED_MAX} entries", "too_long")
    return list(dict.fromkeys(_text(field, data_type, one) for one in given))


def _value(data_type: str, given: WordDetails) -> str:
    """The value in its text form; of a text without a value its label in the request's language is the value."""
    if given.value is None and data_type == "String" and given.content is not None and given.content.text:
        return _text("value", data_type, given.content.text)
    return _text("value", data_type, given.value)


def _text(field: str, data_type: str, value: object) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Invalid.field(field, "is needed", "missing")
    if data_type == "Number":
        number = plain_number(str(value)) if isinstance(value, str | int | Decimal) and value is not True else None
        if number is None or isinstance(value, bool):
            raise Invalid.field(field, "is a number of at most 30 digits")
        return number
    if not isinstance(value, str):
        raise Invalid.field(field, "is text")
    # Some characters become many when they are made plain; keys must fit their index.
    if len(value) > VALUE_LENGTH_MAX or len(value_key(data_type, value).encode()) > KEY_BYTES_MAX:
        raise Invalid.field(field, f"has at most {VALUE_LENGTH_MAX} characters", "too_long")
    return value.strip()


def mapped(words: list[Word], generic: dict[str, str], data_type: str) -> list[Word]:
    """The values, mapped to those of a generic vocabulary (spelling by key) as it spells them.

    Raises Invalid for one that it does not have.
    """
    spelled = []
    for word in words:
        keys = [value_key(data_type, value) for value in word.mapped]
        for value, key in zip(word.mapped, keys, strict=True):
            if key not in generic:
                sentence = f"has {value[:60]}, which the mapping attribute does not have"
                raise Invalid.field("mapped_generic_values", sentence)
        spelled.append(msgspec.structs.replace(word, mapped=[generic[key] for key in dict.fromkeys(keys)]))
    return spelled
