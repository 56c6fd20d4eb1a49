"""The rules of product attributes: types, labels in many languages, vocabularies (Kibo behaviour 9.4)."""

from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.kernel.errors import Invalid, Refused
from patron.product_attributes import labels, vocabulary
from patron.product_attributes.model import (
    TYPE_RULES,
    Details,
    Label,
    Locales,
    Word,
    WordDetails,
    label_in,
    plain_number,
    typed,
    value_key,
)
from patron.product_attributes.rules import USES, checked

HERE = Locales("en-US", "de-DE")

DATA_TYPES, INPUT_TYPES, VALUE_TYPES = (sorted({rule[place] for rule in TYPE_RULES}) for place in (1, 2, 3))


@pytest.mark.parametrize("types", [*product(DATA_TYPES, INPUT_TYPES, VALUE_TYPES)], ids="-".join)
def test_types_go_together_in_a_use_or_are_refused(types: tuple[str, str, str]) -> None:
    for uses in product((True, False), repeat=3):
        flags = dict(zip(USES, uses, strict=True))
        given = Details(data_type=types[0], input_type=types[1], value_type=types[2], **flags)
        if not any(uses):
            with pytest.raises(Invalid):
                checked(given)
        elif all((USES[name], *types) in TYPE_RULES for name, is_used in flags.items() if is_used):
            made = checked(given)
            assert (made.data_type, made.input_type, made.value_type) == types
        else:
            with pytest.raises(Refused):
                checked(given)


_LOCALES = ("en-US", "de-DE", "fr-FR")
_TEXTS = st.sampled_from(("one", "two", "three"))


def _labels(locales: tuple[str, ...]) -> st.SearchStrategy[list[Label]]:
    return st.lists(st.sampled_from(locales), unique=True).flatmap(
        lambda chosen: st.tuples(*(st.builds(Label, st.just(locale), _TEXTS) for locale in chosen)).map(list)
    )


def written(before: list[Label], listed: list[Label] | None, content: Label | None) -> list[Label]:
    return labels.written(before, listed, content, HERE, labels.NAME, "otherwise")


@given(_labels(_LOCALES), st.builds(Label, st.sampled_from((*_LOCALES, None)), _TEXTS))
def test_a_new_thing_has_a_label_in_the_catalogs_language_and_all_that_it_was_given(
    listed: list[Label], content: Label
) -> None:
    made = written([], listed, content)

    assert label_in(made, "en-US") is not None
    locale = content.locale or "de-DE"
    expected = label_in(listed, locale) or content
    found = label_in(made, locale)
    assert found is not None
    assert found.text == expected.text
    assert all(one in made for one in listed)


@given(_labels(_LOCALES[1:]), st.sampled_from(_LOCALES), _TEXTS, st.booleans())
def test_what_the_caller_changed_counts_whichever_of_both_it_stands_in(
    others: list[Label], locale: str, text: str, in_content: bool
) -> None:
    before = [Label("en-US", "one", version=7), *others]
    old = label_in(before, locale)
    changed = Label(locale, text)
    sent_back = [changed if not in_content and one is old else one for one in before]
    content = changed if in_content else (old or changed)

    after = written(before, sent_back, content)

    found = label_in(after, locale)
    assert found is not None
    assert found.text == text
    assert [one.words for one in after if one.locale != locale] == [one.words for one in before if one.locale != locale]


def test_without_a_list_labels_stay_and_content_is_added() -> None:
    before = [Label("en-US", "Colour")]

    assert written(before, None, None) == before
    assert written(before, None, Label(None, "Farbe")) == [*before, Label("de-DE", "Farbe")]
    assert written(before, None, Label("de-DE", "  ")) == before
    assert written(before, None, Label("EN-us", "Color")) == [Label("EN-us", "Color")]
    with pytest.raises(Refused):
        written(before, [Label("de-DE", "Farbe")], None)


def test_an_old_catalogs_language_may_go() -> None:
    assert written([Label("fr-FR", "Couleur")], [Label("de-DE", "Farbe")], None) == [Label("de-DE", "Farbe")]


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=8) | st.integers(-(10**29), 10**29))
def test_numbers_stay_exact_and_have_one_form(number: Decimal | int) -> None:
    plain = plain_number(str(number))

    assert plain is not None
    assert typed("Number", plain) == number
    assert plain_number(plain) == plain == value_key("Number", f"{Decimal(plain):f}")


@pytest.mark.parametrize("text", ["", " ", "one", "1e999", "1e31", "NaN", "Infinity", "1_0", "٣", "1" * 31, "0" * 61])
def test_what_is_no_number(text: str) -> None:
    assert plain_number(text) is None


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats().map(Decimal), st.text(), st.lists(st.text())))
def test_whatever_comes_is_a_value_or_refused(value: object) -> None:
    for data_type in ("String", "Number", "ProductCode"):
        try:
            (word,) = vocabulary.written(data_type, [], [WordDetails(value=value)], HERE)
        except Invalid:
            continue
        (again,) = vocabulary.written(data_type, [], [WordDetails(value=typed(data_type, word.value))], HERE)
        assert (again.key, again.value) == (word.key, word.value)
        assert len(word.key.encode()) <= vocabulary.KEY_BYTES_MAX
        assert label_in(word.labels, "en-US") is not None


def test_every_faulty_value_is_named_at_once() -> None:
    given = [WordDetails(value="red"), WordDetails(), WordDetails(value="x" * 201, position=-1)]

    with pytest.raises(Invalid) as caught:
        vocabulary.written("String", [], given, HERE, "vocabulary_values")

    assert [one.field for one in caught.value.problems] == ["vocabulary_values[1].value", "vocabulary_values[2].value"]


def test_mapped_values_are_spelled_as_the_generic_vocabulary_has_them() -> None:
    def word(*mapped: str) -> Word:
        return Word("red", "red", 1, 1, 1, None, list(mapped), [])

    generic: dict[str, Any] = {"warm": "Warm", "cold": "Cold"}

    (spelled,) = vocabulary.mapped([word("WARM", "warm", "Cold")], generic, "String")
    assert spelled.mapped == ["Warm", "Cold"]
    with pytest.raises(Invalid, match="Fresh"):
        vocabulary.mapped([word("Fresh")], generic, "String")
