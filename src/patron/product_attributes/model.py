"""What a product attribute is (Kibo behaviour 9.4)."""

from datetime import datetime
from decimal import Decimal

import msgspec

from patron.kernel.definitions import Metadata, Validation
from patron.kernel.errors import NotFound
from patron.kernel.values import name_key

# Which uses, data types, inputs and value types go together (Kibo behaviour 9.4).
TYPE_RULES = (
    ("Option", "String", "List", "Predefined"),
    ("Option", "Number", "List", "Predefined"),
    ("Property", "String", "List", "Predefined"),
    ("Property", "Number", "List", "Predefined"),
    ("Property", "String", "TextBox", "AdminEntered"),
    ("Property", "Number", "TextBox", "AdminEntered"),
    ("Property", "String", "TextArea", "AdminEntered"),
    ("Property", "Bool", "YesNo", "AdminEntered"),
    ("Property", "DateTime", "DateTime", "AdminEntered"),
    ("Extra", "ProductCode", "List", "Predefined"),
    ("Extra", "String", "List", "Predefined"),
    ("Extra", "String", "TextBox", "ShopperEntered"),
    ("Extra", "Bool", "YesNo", "ShopperEntered"),
)


class TypeRule(msgspec.Struct, frozen=True, array_like=True):
    """Types that go together in one use."""

    usage: str
    data_type: str
    input_type: str
    value_type: str


class Label(msgspec.Struct, frozen=True, array_like=True):
    """What people read in one language instead of a code or value. A value's label has no description."""

    locale: str | None
    text: str | None
    description: str | None = None
    version: int = 0

    @property
    def words(self) -> tuple[str | None, str | None, str | None]:
        """What a caller writes of it, for telling whether it is the same."""
        return self.locale, self.text, self.description


class Locales(msgspec.Struct, frozen=True):
    """The language of the catalog, which every attribute and value has a label in, and that of the request."""

    default: str
    request: str


class Word(msgspec.Struct, frozen=True, array_like=True):
    """A value of a vocabulary: its text form, and the key by which it is known. A new one has no id yet."""

    value: str
    key: str
    id: int
    version: int
    position: int
    product_name: str | None
    mapped: list[str]
    labels: list[Label]


class Search(msgspec.Struct, frozen=True):
    """How a search engine is to treat the values. Nothing here acts by it."""

    display_value: bool = False
    in_admin: bool = False
    in_storefront: bool = False
    filtered_and_sorted: bool | None = None
    custom_weight: bool | None = None
    with_case: bool | None = None


class WordDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a value that a caller writes. Labels that are None stay as they are."""

    value: object = None
    position: int | None = None
    product_name: str | None = None
    mapped: list[object] = []
    labels: list[Label] | None = None
    content: Label | None = None


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """The part of an attribute that a caller writes. None stands for what the caller left out."""

    code: str | None = None
    namespace: str | None = None
    admin_name: str | None = None
    data_type: str | None = None
    input_type: str | None = None
    value_type: str | None = None
    is_option: bool | None = None
    is_property: bool | None = None
    is_extra: bool | None = None
    is_mapping: bool | None = None
    mapping: str | None = None
    for_order_routing: bool | None = None
    search: Search = Search()
    validation: Validation = Validation()
    metadata: list[Metadata] = []
    labels: list[Label] | None = None
    content: Label | None = None
    words: list[WordDetails] | None = None


class Attribute(msgspec.Struct, frozen=True):
    """A product attribute. The fields stand in the order of `product_attributes.queries.COLUMNS`.

    `mapping` is the attribute whose vocabulary generalises this one's (`Word.mapped`).
    """

    id: int
    version: int
    namespace: str
    code: str
    fqn: str
    admin_name: str
    data_type: str
    input_type: str
    value_type: str
    is_option: bool
    is_property: bool
    is_extra: bool
    is_mapping: bool
    mapping_id: int | None
    mapping: str | None
    for_order_routing: bool
    search: Search
    validation: Validation
    metadata: list[Metadata]
    default_locale: str
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None
    labels: list[Label]
    words: list[Word]

    def word(self, value: str) -> Word:
        """The value that a text in a path or list names. Raises NotFound."""
        key = value_key(self.data_type, value)
        for word in self.words:
            if word.key == key:
                return word
        raise NotFound("vocabulary value", value[:60])


def label_in(labels: list[Label], locale: str) -> Label | None:
    """The label in a language, whose code is taken in any case."""
    return next((one for one in labels if (one.locale or "").lower() == locale.lower()), None)


def typed(data_type: str, value: str) -> str | int | Decimal:
    """A value as its data type has it."""
    if data_type != "Number":
        return value
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else number


def value_key(data_type: str, value: str) -> str:
    """The form by which values of a vocabulary are compared: text without case, numbers by what they amount to."""
    return plain_number(value) or "" if data_type == "Number" else name_key(value)


def plain_number(text: str) -> str | None:
    """A number in plain digits, without what does not count; None for what is no number of at most 30 digits."""
    try:
        number = Decimal(text) if len(text) <= 60 and text.isascii() and "_" not in text else Decimal("NaN")
    except ArithmeticError:
        return None
    if not number.is_finite() or abs(number.adjusted()) > 30 or len(number.as_tuple().digits) > 30:
        return None
    plain = f"{number:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("-0", "") else plain


# Which fields of an attribute a change is told about, and by what path.
AUDITED = {
    name: name
    for name in (
        *("admin_name", "data_type", "input_type", "value_type", "is_option", "is_property", "is_extra", "is_mapping"),
        *("mapping", "for_order_routing", "search", "validation", "metadata"),
    )
}
