"""`patron import`: customers with contacts and hashes from files, once each, whatever happens to the process."""

import asyncio
import csv
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from import_files import BCRYPT, customer, customers, write_csv, write_lines
from installations import Installation
from patron.imports.running import FIRST_ROWS
from patron.kernel.secrets import Passwords


@pytest.fixture
def shop(installation: Installation) -> Installation:
    """An installation with one tenant."""
    installation.patron("tenant", "create", "Tea", "--mode", "test", "--country", "gb", "--currency", "gbp")
    return installation


@pytest_asyncio.fixture
async def sql(shop: Installation) -> Any:
    """A connection of our own."""
    conn = await asyncpg.connect(shop.url)
    yield conn
    await conn.close()


async def count(sql: asyncpg.Connection, table: str) -> int:
    return int(await sql.fetchval(f"select count(*) from {table}"))


async def test_customers_come_in_with_contacts_and_hashes(
    shop: Installation, sql: asyncpg.Connection, tmp_path: Path
) -> None:
    said = shop.patron("import", str(write_lines(tmp_path / "some.jsonl", customers(50))))
    assert "50 new, 0 changed, 0 there already, 0 wrong" in said
    assert [await count(sql, table) for table in ("account", "contact", "address", "login")] == [50, 75, 75, 50]
    assert await sql.fetchval("select sum(accounts) from account_count") == 50
    assert await sql.fetchval("select sum(anonymous) from account_count") == 0
    told = await sql.fetch("select topic, count(*) as n from event where account_id is not null group by topic")
    assert [tuple(row) for row in told] == [("account.created", 50)]
    own = await sql.fetchval("select count(*) from login where password_hash is not null and foreign_hash is null")
    assert own == 13
    assert await sql.fetchval("select count(*) from account where has_foreign_hash and not needs_migration") == 37


async def test_csv_and_json_lines_say_the_same(shop: Installation, sql: asyncpg.Connection, tmp_path: Path) -> None:
    shop.patron("import", str(write_csv(tmp_path / "some.csv", list(customers(40)))))
    columns = "email, first_name, external_id, accepts_marketing, created_at, is_anonymous, search, email_key"
    of_csv = await sql.fetch(f"select {columns} from account order by email")
    places = await sql.fetch("select line_1, city, postal_code, country from address order by id")
    await sql.execute("delete from account")
    shop.patron("import", str(write_lines(tmp_path / "some.jsonl", customers(40))))
    assert await sql.fetch(f"select {columns} from account order by email") == of_csv
    assert await sql.fetch("select line_1, city, postal_code, country from address order by id") == places


async def test_a_customer_signs_in_with_the_old_password(
    shop: Installation, sql: asyncpg.Connection, tmp_path: Path
) -> None:
    passwords = Passwords()
    own = await passwords.hash("open-sesame-7")
    passwords.close()
    rows = [{"email": "own@import.example", "password_hash": own}]
    rows += [{"email": "typed@import.example", "password": "open-sesame-8"}]
    rows += [{"email": "odd@import.example", "password_hash": "?of-some-system"}]
    said = shop.patron("import", str(write_lines(tmp_path / "some.jsonl", rows)))
    assert "! line 3 (odd@import.example): password_hash has no format" in said
    stored = {row["user_name"]: row for row in await sql.fetch("select * from login")}
    assert stored["own@import.example"]["password_hash"] == own
    assert stored["typed@import.example"]["password_hash"].startswith("$argon2id$")
    assert stored["odd@import.example"]["foreign_hash"] is not None
    assert await sql.fetchval("select needs_migration from account where email like 'odd%'")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"email": "no-address"}, "email this is not an e-mail address"),
    ({"email": "a@b.example", "first_name": "x" * 201}, "first_name has at most 200 characters"),
    ({"email": "a@b.example", "first_name": "nul\0"}, "first_name must not hold the character NUL"),
    ({"email": "a@b.example", "colour": "red"}, "colour is no column of this format"),
    ({"email": "a@b.example", "is_active": "perhaps"}, "is_active is true or false"),
    ({"email": "a@b.example", "created_at": "yesterday"}, "created_at is not a time"),
    ({"email": "a@b.example", "account_type": "B2B"}, "company is needed for a B2B account"),
    ({"email": "a@b.example", "contacts": [{"country": "QQ"}]}, "contacts[1].country is not a country code"),
    ({"email": "a@b.example", "contacts": [{"line_1": "4111 1111 1111 1111"}]}, "line_1 must not hold a card number"),
    ({"email": "a@b.example", "metadata": {"pan": "4111111111111111"}}, "metadata must not hold a card number"),
    ({"email": "a@b.example", "metadata": "text"}, "metadata is not JSON"),
    ({"email": "a@b.example", "group": "nobody"}, "group is the code of no group"),
    ({"email": "a@b.example", "tags": "two words"}, "tags have a name that is invalid"),
    ({"email": "a@b.example", "tags": {"name": "vip"}}, "tags are names with commas between them"),
    ({"email": "a@b.example", "tags": [f"tag-{n}" for n in range(11)]}, "tags are too many (maximum is 10)"),
    ({"email": "a@b.example", "password_hash": BCRYPT.replace("04", "19") + "a" * 31}, "is too costly to check"),
    ({"email": "a@b.example", "password": "x" * 2_000}, "password must have at most"),
    ({"password_hash": BCRYPT + "a" * 31}, "email or a user name is needed for a login"),
]


@pytest.mark.parametrize("how", [(), ("--dry-run",)])
async def test_bad_rows_are_told_with_line_and_field(
    shop: Installation, sql: asyncpg.Connection, tmp_path: Path, how: tuple[str, ...]
) -> None:
    file = write_lines(tmp_path / "bad.jsonl", [row for row, _ in BAD])
    with file.open("ab") as output:
        output.write(b'{"email": \n["list"]\n{"email": "\xff@x.example"}\n')
    report = tmp_path / "report.csv"
    shop.patron("import", str(file), "--skip-errors", "--report", str(report), *how)
    with report.open(encoding="utf-8") as written:
        told = [(int(row["line"]), f"{row['field']} {row['problem']}") for row in csv.DictReader(written)]
    for number, (_, message) in enumerate(BAD, start=1):
        assert any(line == number and message in said for line, said in told), message
    assert {line for line, _ in told} == set(range(1, len(BAD) + 4))
    assert await count(sql, "account") == 0
    assert await count(sql, "import_key") == 0


async def test_more_than_a_tenth_of_wrong_rows_stops_it_and_it_can_go_on(
    shop: Installation, sql: asyncpg.Connection, tmp_path: Path
) -> None:
    rows = [customer(n) | ({"email": "bad"} if n % 5 == 0 else {}) for n in range(100)]
    file = write_lines(tmp_path / "some.jsonl", rows)
    assert "more than a tenth" in shop.patron("import", str(file), status=1)
    assert await sql.fetchval("select status from import_job") == "interrupted"
    said = shop.patron("import", str(file), "--skip-errors")
    assert "80 new, 0 changed, 0 there already, 20 wrong" in said
    assert await count(sql, "account") == 80
    assert "imported before" in shop.patron("import", str(file), status=1)


async def test_a_dry_run_tells_of_duplicates_and_writes_nothing(
    shop: Installation, sql: asyncpg.Connection, tmp_path: Path
) -> None:
    shop.patron("import", str(write_lines(tmp_path / "there.jsonl", customers(3))))
    rows = [*customers(6), customer(5) | {"email": "Customer5@IMPORT.example"}]
    said = shop.patron("import", str(write_lines(tmp_path / "more.jsonl", rows)), "--dry-run")
    assert "7 rows, of which 7 can be imported" in said
    assert "3 of customers who are there already" in said
    assert "1 that repeat an earlier row" in said
    assert "line 7 (customer5@import.example): email repeats line 6" in said
    assert await count(sql, "account") == 3
    assert await count(sql, "import_job") == 1


async def test_customers_who_are_there_are_skipped_changed_or_refused(
    shop: Installation, sql: asyncpg.Connection, tmp_path: Path
) -> None:
    there = [{"email": "guest@import.example", "first_name": "Old"}, customer(1)]
    shop.patron("import", str(write_lines(tmp_path / "there.jsonl", there)))
    rows = [customer(1) | {"first_name": "New"}, customer(2), customer(2) | {"last_name": "Twice"}]
    rows.append(customer(3) | {"email": "Guest@import.example"})
    file = str(write_lines(tmp_path / "more.jsonl", rows))
    told = shop.patron("import", file, "--on-existing", "fail", "--skip-errors")
    assert "1 new, 0 changed, 0 there already, 3 wrong" in told
    assert "1 new" not in shop.patron("import", file, "--again")
    said = shop.patron("import", file, "--on-existing", "update", "--again")
    assert "0 new, 4 changed, 0 there already, 0 wrong" in said
    names = {row["email"]: row for row in await sql.fetch("select * from account")}
    assert names["customer1@import.example"]["first_name"] == "New"
    assert names["customer2@import.example"]["last_name"] == "Twice"
    assert names["guest@import.example"]["first_name"] == customer(3)["first_name"]
    assert not names["guest@import.example"]["is_anonymous"]
    assert await sql.fetchval("select sum(anonymous) from account_count") == 0
    before = await count(sql, "contact")
    shop.patron("import", file, "--on-existing", "update", "--again")
    assert await count(sql, "contact") == before


async def test_tags_are_made_and_those_of_a_row_are_all_there_are(
    shop: Installation, sql: asyncpg.Connection, tmp_path: Path
) -> None:
    tagged = "select coalesce(string_agg(t.name, ',' order by t.name), '') from tagging g join tag t on t.id = g.tag_id"
    rows = [{"email": "a@x.example", "tags": "VIP, b2b"}, {"email": "b@x.example", "tags": []}]
    shop.patron("import", str(write_lines(tmp_path / "first.jsonl", rows)))
    assert await sql.fetchval(tagged) == "b2b,vip"
    told = await sql.fetchval("select changes -> 'tags' from event where topic = 'account.created' order by id limit 1")
    assert told == '[null, ["b2b", "vip"]]'
    again = [{"email": "a@x.example", "tags": ["late", "vip"]}]
    shop.patron("import", str(write_lines(tmp_path / "again.jsonl", again)), "--on-existing", "update")
    assert await sql.fetchval(tagged) == "late,vip"
    silent = [{"email": "a@x.example", "first_name": "Jo"}]
    shop.patron("import", str(write_lines(tmp_path / "silent.jsonl", silent)), "--on-existing", "update")
    assert await sql.fetchval(tagged) == "late,vip"


async def test_rows_in_the_way_of_each_other_are_told(
    shop: Installation, sql: asyncpg.Connection, tmp_path: Path
) -> None:
    hashed = {"password_hash": BCRYPT + "a" * 31}
    rows = [
        {"email": "a@x.example", "user_name": "kim", **hashed},
        {"email": "b@x.example", "user_name": "KIM", **hashed},
    ]
    said = shop.patron("import", str(write_lines(tmp_path / "names.jsonl", rows)), "--skip-errors")
    assert "line 2 (b@x.example): user_name is taken by another login" in said
    assert await count(sql, "login") == 1


async def test_rows_that_meet_across_chunks_written_at_once_are_one_customer(
    shop: Installation, sql: asyncpg.Connection, tmp_path: Path
) -> None:
    """Chunks have 250, 500, 1,000 and 2,000 rows: rows of the first are met by some of the second, and so on."""
    rows, hashed = list(customers(3_000)), {"password_hash": BCRYPT + "a" * 31}
    rows[10] |= {"user_name": "first"}
    again = [{"email": row["email"].upper(), "locale": "en"} for row in rows[:100]]
    rows[250:250] = again
    rows[750:750] = [{"email": "late@x.example", "user_name": "FIRST", **hashed}]
    rows[1_760:1_760] = [{"email": row["email"], "locale": "en"} for row in rows[1_700:1_750]]
    file = write_lines(tmp_path / "rows.jsonl", rows)

    said = shop.patron("import", str(file), "--on-existing", "update")

    assert "3,000 new, 150 changed, 0 there already, 1 wrong" in said
    assert "(late@x.example): user_name is taken by another login" in said
    assert await count(sql, "account") == 3_000
    assert await sql.fetchval("select sum(accounts) from account_count") == 3_000
    assert await sql.fetchval("select count(*) from account where locale = 'en'") == 150
    assert await count(sql, "login") == 3_000


async def test_rows_known_by_nothing_but_their_external_id_meet_across_chunks(
    shop: Installation, sql: asyncpg.Connection, tmp_path: Path
) -> None:
    """The database would let both in: nothing there says that external ids are of one customer each."""
    contact = {"line_1": "1 High Street", "city": "Bath", "country": "GB"}
    outside = [{"external_id": f"old-{n}", "contacts": [contact] * 5} for n in range(1_000)]
    again = [{"external_id": f"old-{n}", "locale": "en"} for n in range(300)]
    rows = [*customers(750), *outside, *again]  # after chunks of 250 and 500 rows, one of 1,000

    said = shop.patron("import", str(write_lines(tmp_path / "rows.jsonl", rows)), "--on-existing", "update")

    assert "1,750 new, 300 changed" in said
    assert await count(sql, "account") == 1_750
    assert await sql.fetchval("select count(*) from account where locale = 'en'") == 300


def test_columns_by_other_names_and_without_meaning(shop: Installation, tmp_path: Path) -> None:
    file = tmp_path / "theirs.csv"
    file.write_text("\ufeffE-mail;Vorname;Kundengruppe\na@x.example;Jo;7\n", encoding="utf-8")
    assert "not known: E-mail, Vorname" in shop.patron("import", str(file), status=1)
    named = ("--column", "E-mail=email", "--column", "Vorname=first_name", "--ignore", "Kundengruppe")
    assert "1 new" in shop.patron("import", str(file), *named)


async def test_killed_at_any_moment_it_goes_on_and_every_customer_is_there_once(
    shop: Installation, sql: asyncpg.Connection, tmp_path: Path
) -> None:
    size, dice, kills = 8_000, random.Random(7), 0
    file = write_lines(tmp_path / "many.jsonl", customers(size))
    command = [sys.executable, "-P", "-m", "patron.cli", "import", str(file)]
    while await sql.fetchval("select count(*) from import_job where status = 'completed'") == 0:
        process = await asyncio.create_subprocess_exec(
            *command, env=shop.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        before = await sql.fetchval("select coalesce(max(position), 0) from import_job")
        async with asyncio.timeout(60):
            # One that was killed between its last row and its end has nothing left but to end.
            while (
                process.returncode is None
                and await sql.fetchval("select coalesce(max(position), 0) from import_job") == before
            ):
                await sql.execute("select pg_sleep(0.01)")
            await asyncio.sleep(dice.random() * 0.4)
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
            await process.wait()
        assert kills <= size // FIRST_ROWS[0]  # each life gets a first chunk in, at least
    assert kills
    assert await count(sql, "account") == size
    assert await sql.fetchval("select count(distinct email_key) from account") == size
    assert await sql.fetchval("select count(*) from event where topic = 'account.created'") == size
    assert await sql.fetchval("select sum(accounts) from account_count") == size
    assert await count(sql, "contact") == size * 3 // 2
    job = await sql.fetchrow("select * from import_job")
    assert (job["status"], job["created_count"], job["position"]) == ("completed", size, file.stat().st_size)
