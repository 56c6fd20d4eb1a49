"""Files of customers for tests and measurements of imports."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

# The passwords of these hashes are "open-sesame-7": ours, and bcrypt with the lowest cost.
OWN = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
BCRYPT = "$2b$04$abcdefghijklmnopqrstuu"
CITIES = ("Bristol", "Leeds", "York", "Bath", "Ely")


def customer(number: int) -> dict[str, Any]:
    """A made-up customer with a login and one or two contacts; every fourth has a hash of an own kind."""
    first, last = f"Kim{number % 977}", f"Miller{number % 7919}"
    contacts = [
        {
            "email": f"customer{number}@import.example",
            "first_name": first,
            "last_name": last,
            "phone_mobile": f"+44 7700 {900_000 + number % 100_000}",
            "line_1": f"{1 + number % 300} Station Road",
            "city": CITIES[(number + place) % len(CITIES)],
            "postal_code": f"BS{number % 90} 1AA",
            "country": "GB",
            "is_billing": True,
            "is_primary_billing": place == 0,
        }
        for place in range(1 + number % 2)
    ]
    digest = f"{number:053d}"[-31:]
    own = OWN + ("A" * 43)
    return {
        "email": f"customer{number}@import.example",
        "first_name": first,
        "last_name": last,
        "external_id": f"old-{number}",
        "accepts_marketing": number % 3 == 0,
        "created_at": f"20{10 + number % 15}-0{1 + number % 9}-1{number % 9}T10:00:00Z",
        "password_hash": own if number % 4 == 0 else BCRYPT + digest,
        "contacts": contacts,
    }


def customers(count: int, start: int = 0) -> Iterator[dict[str, Any]]:
    """So many customers."""
    return (customer(number) for number in range(start, start + count))


def write_lines(path: Path, rows: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> Path:
    """A file of JSON lines."""
    with path.open("wb") as file:
        for row in rows:
            file.write(msgspec.json.encode(row) + b"\n")
    return path


def write_csv(path: Path, rows: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> Path:
    """The same as CSV: contacts in numbered columns, two at most."""
    flat = [_flat(row) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(flat)
    return path


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    made = {name: value for name, value in row.items() if name != "contacts"}
    for place, contact in enumerate(row.get("contacts", ()), start=1):
        made |= {f"contact_{place}_{name}": value for name, value in contact.items()}
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in made.items()}
