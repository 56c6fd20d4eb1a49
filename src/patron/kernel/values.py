"""Values that are parsed or refused, once, at the edge: e-mail addresses, money, text keys, ids.

Functions here raise ValueError with a sentence for people; whoever knows the field turns it into `Invalid`.
"""

import contextlib
import re
import unicodedata
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal

ID_MAX = 2**63 - 1
EMAIL_LENGTH_MAX = 254

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f<>()\[\],;:\\\"]{1,64}@[^@\s\x00-\x1f\x7f<>()\[\],;:\\\"]+\.[^@\s.]+")
_ID = re.compile(r"[0-9]{1,19}")


def email_key(text: str) -> str:
    """The normal form by which addresses are compared: case, width and Unicode form do not count.

    The domain goes through IDNA, so that its Unicode and its ASCII spelling are one.
    """
    normal = name_key(text)
    if normal.isascii():  # IDNA leaves that as it is
        return normal
    local, at, domain = normal.rpartition("@")
    with contextlib.suppress(UnicodeError):  # else no domain that DNS could know: compared as it is
        domain = domain.encode("idna").decode()
    return f"{local}{at}{domain}"


def check_email(text: str) -> str:
    """The address as given, without blanks around it. Raises ValueError if no mail could go there."""
    address = text.strip()
    normal = unicodedata.normalize("NFKC", address[: EMAIL_LENGTH_MAX + 1])
    if max(len(address), len(normal)) > EMAIL_LENGTH_MAX:  # some characters become many
        raise ValueError(f"an e-mail address has at most {EMAIL_LENGTH_MAX} characters")
    if not _EMAIL.fullmatch(normal) or ".." in normal or normal.startswith(".") or ".@" in normal or "@." in normal:
        raise ValueError("this is not an e-mail address")
    return address


def fold(text: str | None) -> str:
    """The key by which text is sorted and searched: without case, accents and doubled blanks."""
    if not text:
        return ""
    if text.isascii():
        return " ".join(text.lower().split())
    # Letters in disguise (fullwidth, superscript) are made plain before their case is folded, and again after.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    return " ".join(unicodedata.normalize("NFKC", plain).split())


def name_key(text: str) -> str:
    """The normal form of a user name or code: case, width and Unicode form do not count, accents do."""
    if text.isascii():
        return text.lower().strip()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", folded.casefold()).strip()


def parse_id(text: str) -> int | None:
    """A positive id as it stands in a path, or None: `int()` would also take `1_000`, `+5` and other digits."""
    if not _ID.fullmatch(text):
        return None
    number = int(text)
    return number if number <= ID_MAX else None


# Currencies whose minor unit is not a hundredth (ISO 4217, list one).
CURRENCY_DIGITS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
_CURRENCY = re.compile(r"[A-Z]{3}")
MINOR_MAX = 10**15


def check_currency(code: str) -> str:
    """A currency code in capitals (ISO 4217). Raises ValueError."""
    if not _CURRENCY.fullmatch(code := code.strip().upper()):
        raise ValueError("a currency is three letters, such as USD")
    return code


def to_minor(amount: Decimal, currency: str) -> int:
    """An amount in minor units (cents). Raises ValueError when it is finer than the currency.

    Noise of binary fractions, as a JavaScript client's sums carry it (59.970000000000006), is forgiven.
    """
    if not amount.is_finite():
        raise ValueError("this is not an amount")
    if amount == 0:
        return 0
    if abs(amount.adjusted()) > 15:
        raise ValueError("this amount is out of range")
    scaled = amount.scaleb(CURRENCY_DIGITS.get(currency, 2))
    minor = scaled.quantize(Decimal(1), ROUND_HALF_EVEN)
    if abs(scaled - minor) > Decimal("0.000001"):
        raise ValueError(f"{currency} has at most {CURRENCY_DIGITS.get(currency, 2)} decimals")
    if abs(minor) > MINOR_MAX:
        raise ValueError("this amount is out of range")
    return int(minor)


def from_minor(minor: int, currency: str) -> Decimal:
    """An amount of minor units as a decimal number."""
    return Decimal(minor).scaleb(-CURRENCY_DIGITS.get(currency, 2))


# Known issuer prefixes: 2 (Mastercard 2221-2720), 3 (Amex, Diners, JCB), 4 (Visa), 5 (Mastercard, Maestro),
# 6 (Discover, Maestro, UnionPay, RuPay), 81 and 82 (RuPay).
_ISSUER = re.compile(
    r"4|5[0-9]|6(?:011|21|22|24|25|26|27|28|4[4-9]|5|[237])|3(?:4|7|0[0-5]|095|6|[89]|52[89]|5[3-8])"
    r"|22(?:2[1-9]|[3-9])|2[3-6]|27(?:[01]|20)|8[12]"
)
_DIGITS = str.maketrans("", "", "0123456789")
# Digits in groups, as people write them: with blanks or dashes between.
_DIGIT_GROUPS = re.compile(r"[0-9]++(?:[\s\u2010-\u2015-]{1,2}[0-9]++)*+")
# How cards print their number; a piece of a longer run of groups that looks so is taken for one too.
_PRINTED = re.compile(r"4 4 4 [1-4](?: [1-3])?|4 6 [45]|6 1[0-3]")


def holds_card_number(text: str) -> bool:
    """Whether text holds a full card number: 13-19 digits, Luhn, known issuer prefix (PCI DSS 3.3, 3.4).

    Further digits beside it (an expiry date, an order number) do not hide it.
    """
    if text.isascii() and len(text) - len(text.translate(_DIGITS)) < 13:
        return False  # nearly all text there is
    for run in _DIGIT_GROUPS.finditer(unicodedata.normalize("NFKC", text)):
        groups = re.findall(r"[0-9]+", run[0])
        if any(_ISSUER.match(digits) and _luhn(digits) for digits in _candidates(groups)):
            return True
    return False


def _candidates(groups: list[str]) -> Iterator[str]:
    """What of a run of digit groups may be a card number: the whole run, one group, or groups as cards print them."""
    if 13 <= sum(map(len, groups)) <= 19:
        yield "".join(groups)
    for first in range(len(groups)):
        for size in range(1, 6):
            part = groups[first : first + size]
            digits = "".join(part)
            shape = " ".join(str(len(group)) for group in part)
            if len(part) == size and 13 <= len(digits) <= 19 and (size == 1 or _PRINTED.fullmatch(shape)):
                yield digits


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit)
        if place % 2:
            number = number * 2 - 9 if number > 4 else number * 2
        total += number
    return total % 10 == 0


# ISO 3166-1 alpha-2, and three that its owners keep free and post goes by: Ascension, Tristan da Cunha, Kosovo.
COUNTRIES = frozenset(
    "AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR "
    "GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO "
    "JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR "
    "MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO "
    "RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT "
    "TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW".split()
)
