"""Where the data of the embedded PostgreSQL lies: `<home>/postgres`, or below /var/lib/patron with a pointer in home.

The second place is for root in a clone below a closed folder, which the user that PostgreSQL runs as cannot reach.
"""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from patron.postgres.binaries import STATE, Owner, PostgresError, Say, make_state_folder, owner_for

POINTER = "postgres.location"
SOCKET_PATH_MAX = 103  # bytes; sun_path holds 108 on Linux and 104 on macOS, with a final zero
SOCKET_NAME = "/.s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one cluster and its owner; `data` is PostgreSQL's own folder inside."""

    folder: Path
    owner: Owner

    @property
    def data(self) -> Path:
        """Where PostgreSQL keeps its files."""
        return self.folder / "data"

    def socket_folder(self) -> Path:
        """A folder for the socket that only the owner may enter; elsewhere when the path would be too long."""
        near = self.folder / "socket"
        if len(os.fsencode(near)) + len(SOCKET_NAME) <= SOCKET_PATH_MAX:
            return _private(near, self.owner)
        if self.owner.drops:
            make_state_folder()
        base = STATE if self.owner.drops else Path(tempfile.gettempdir())
        return _private(base / f"patron-{_short(self.folder)}", self.owner)


def make_home(home: Path) -> Path:
    """Make the folder that holds all of one installation, closed to others but for root's unprivileged PostgreSQL."""
    home = home.expanduser().absolute()
    if not home.exists():
        home.mkdir(parents=True)
        home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return home.resolve()


def find(home: Path) -> Place | None:
    """The place of the cluster that `home` has already, or None."""
    pointer = home / POINTER
    folder = Path(pointer.read_text(encoding="utf-8").strip()) if pointer.exists() else home / "postgres"
    if folder.exists():
        return Place(folder, owner_for(folder))
    if pointer.exists():
        raise PostgresError(
            f"{pointer} says that the data is in {folder}, which does not exist. Nothing was changed. "
            f"Bring that folder back, or remove {pointer} to start with an empty database."
        )
    return None


def find_or_make(home: Path, say: Say) -> Place:
    """The place of the cluster of `home`, chosen and made at the first start."""
    place = find(home)
    if place is None:
        return _made(home, say)
    if not place.owner.reaches(place.folder.parent):
        raise PostgresError(
            f"PostgreSQL does not run as root, and the user that owns {place.folder} can no longer reach it because a "
            f"folder above it is closed to others. Nothing was changed. Open that folder (chmod o+x), or move {home}."
        )
    return Place(_private(place.folder, place.owner), place.owner)


def _made(home: Path, say: Say) -> Place:
    folder, owner = home / "postgres", owner_for(home / "postgres")
    if not owner.reaches(home):
        make_state_folder()
        if not owner.reaches(STATE):
            raise PostgresError(f"{STATE} is closed to other users. Open it (chmod o+x), or set DATABASE_URL.")
        folder = _unused(STATE / _short(home))
        say(f"PostgreSQL does not run as root, and {home} is closed to other users: the data goes to {folder}")
        _private(folder, owner)
        (home / POINTER).write_text(f"{folder}\n", encoding="utf-8")
    return Place(_private(folder, owner), owner)


def _unused(folder: Path) -> Path:
    """`folder`, or the next free name after it: what a removed home left behind is never used nor overwritten."""
    candidate, number = folder, 1
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def _private(folder: Path, owner: Owner) -> Path:
    """Make `folder` for the owner alone; one that exists must be exactly that."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o077:
            raise PostgresError(f"{folder} must be a folder that is closed to others (mode 0700); it is not.") from None
        if status.st_uid not in {owner.uid, os.geteuid()}:
            raise PostgresError(f"{folder} belongs to another user. Start Patron as the user who owns it.") from None
    except OSError as error:
        raise PostgresError(f"{folder} cannot be made: {error}") from error
    if owner.drops and folder.lstat().st_uid != owner.uid:
        try:
            os.chown(folder, owner.uid, owner.gid, follow_symlinks=False)
        except OSError as error:
            raise PostgresError(
                f"PostgreSQL does not run as root, and {folder} cannot be given to an unprivileged user: {error}. "
                "Start Patron as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
            ) from error
    return folder


def _short(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
