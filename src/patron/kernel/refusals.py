"""How PostgreSQL's refusals become our errors.

Constraint names say what they guard, `account__email__taken`: nothing is checked before it is inserted, so nothing can
race.
"""

import re

import asyncpg

from patron.kernel.errors import Invalid, Locked, NotFound, Refused, Retry, Taken, Unavailable


class translated:  # noqa: N801 - reads as a verb phrase at the place of use; a class because generators cost more
    """Turns what asyncpg raises into our errors."""

    __slots__ = ()

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, exc: BaseException | None, _trace: object) -> None:
        if isinstance(exc, FOREIGN):
            raise _meaning(exc) from exc


_CONSTRAINT = re.compile(r"^(?P<noun>[a-z_]+?)__(?P<field>[a-z_]+?)__(?P<what>taken|missing|invalid|used)$")
FOREIGN = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
_PASSING = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that the server ends at this very moment
    asyncpg.PostgresConnectionError,
    asyncpg.PostgresSystemError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
    OSError,
    TimeoutError,
)


def _meaning(exc: BaseException) -> BaseException:
    if isinstance(exc, asyncpg.SerializationError | asyncpg.DeadlockDetectedError):
        return Retry()
    if isinstance(exc, asyncpg.LockNotAvailableError):
        return Locked("Another request is changing the same thing; try again.")
    if isinstance(exc, asyncpg.IntegrityConstraintViolationError):
        return _violation(exc)
    if isinstance(exc, asyncpg.QueryCanceledError):
        return Unavailable("The database took too long over this request.")
    if isinstance(exc, _PASSING):
        return Unavailable("The database does not answer at the moment.")
    return exc


def _violation(exc: asyncpg.IntegrityConstraintViolationError) -> BaseException:
    match = _CONSTRAINT.match(exc.constraint_name or "")
    if match is None:
        return exc
    noun, field, what = match["noun"], match["field"], match["what"]
    if what == "taken":
        return Taken(noun, field)
    if what == "missing":
        return NotFound(field, "with this id")
    if what == "used":
        return Refused(f"{noun}_in_use", f"This {noun} is still in use by a {field}.")
    return Invalid.field(field, f"The {field.replace('_', ' ')} is not possible.")
