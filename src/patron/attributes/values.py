"""What a definition takes as values, and the form in which they are stored."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal

from patron.attributes.model import Definition
from patron.kernel.definitions import DIGITS_MAX
from patron.kernel.errors import Invalid
from patron.kernel.patterns import TEXT_LENGTH_MAX, matches
from patron.kernel.values import holds_card_number

Value = str | int | Decimal | bool

LENGTH_MAX = 4000
VALUES_MAX = 100
_EXACT = Context(prec=2 * DIGITS_MAX)


def checked(definition: Definition, given: list[object]) -> list[Value]:
    """Values as they are stored: numbers without final noughts, times in UTC, words as the vocabulary spells them.

    Nulls are left out, and so is what comes twice. Raises Invalid under the attribute's full name.
    """
    values = [one for one in given if one is not None]
    most = VALUES_MAX if definition.is_multi_valued else 1
    if len(values) > most:
        raise _wrong(definition, f"has at most {most} value{'s' if most > 1 else ''}")
    typed = [_TYPED[definition.data_type](definition, value) for value in values]
    if definition.is_predefined:
        typed = [_word(definition, value) for value in typed]
    return list(dict.fromkeys(typed))


def is_blank(values: Sequence[object]) -> bool:
    """Whether there is nothing in them that would do for a required attribute."""
    return all(value is None or (isinstance(value, str) and not value.strip()) for value in values)


def word_value(definition: Definition, word: str) -> Value:
    """The value that a word of the vocabulary stands for."""
    return _plain(Decimal(word)) if definition.data_type == "Number" else word


def _wrong(definition: Definition, sentence: str) -> Invalid:
    return Invalid.field(definition.fqn, sentence)


def _word(definition: Definition, value: Value) -> Value:
    for word in definition.vocabulary:
        known = word_value(definition, word.value)
        if known == value or (isinstance(value, str) and word.value.casefold() == value.casefold()):
            return known
    raise _wrong(definition, "is not one of the vocabulary values")


def _text(definition: Definition, value: object) -> Value:
    if not isinstance(value, str):
        raise _wrong(definition, "is text")
    if definition.is_predefined:
        return value
    rules = definition.validation
    length_max = LENGTH_MAX if rules.length_max is None else min(LENGTH_MAX, rules.length_max)
    if len(value) < (rules.length_min or 0):
        raise _wrong(definition, f"has at least {rules.length_min} characters")
    if len(value) > length_max:
        raise _wrong(definition, f"has at most {length_max} characters")
    if holds_card_number(value):
        raise _wrong(definition, "must not hold a card number")
    if rules.pattern is not None:
        if len(value) > TEXT_LENGTH_MAX:
            raise _wrong(definition, f"has at most {TEXT_LENGTH_MAX} characters, as a regular expression looks at it")
        if not matches(rules.pattern, value):
            raise _wrong(definition, "does not match the regular expression of this attribute")
    return value


def _number(definition: Definition, value: object) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong(definition, "is a number")
    number = Decimal(value)
    if (
        not number.is_finite()
        or abs(number.adjusted()) > DIGITS_MAX
        or len(number.as_tuple().digits) > _EXACT.prec
        or len(_EXACT.normalize(number).as_tuple().digits) > DIGITS_MAX
    ):
        raise _wrong(definition, f"is a number of at most {DIGITS_MAX} digits")
    rules = definition.validation
    if rules.number_min is not None and number < rules.number_min:
        raise _wrong(definition, f"is at least {rules.number_min}")
    if rules.number_max is not None and number > rules.number_max:
        raise _wrong(definition, f"is at most {rules.number_max}")
    return _plain(number)


def _plain(number: Decimal) -> int | Decimal:
    return int(number) if number == number.to_integral_value() else _EXACT.normalize(number)


def _bool(definition: Definition, value: object) -> Value:
    if not isinstance(value, bool):
        raise _wrong(definition, "is true or false")
    return value


def _time(definition: Definition, value: object) -> Value:
    try:
        at = datetime.fromisoformat(value.strip() if isinstance(value, str) and len(value) <= 50 else "")
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong(definition, "is a date (ISO 8601)") from None
    rules = definition.validation
    if rules.time_min is not None and at < rules.time_min:
        raise _wrong(definition, f"is not before {_spelled(rules.time_min)}")
    if rules.time_max is not None and at > rules.time_max:
        raise _wrong(definition, f"is not after {_spelled(rules.time_max)}")
    return _spelled(at)


def _spelled(at: datetime) -> str:
    """A moment as times stand in answers: UTC with milliseconds and `Z` (Kibo behaviour 1.11)."""
    return f"{at.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z"


_TYPED = {"String": _text, "Number": _number, "Bool": _bool, "DateTime": _time}
