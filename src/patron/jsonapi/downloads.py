"""Files of exports, behind signed links that are good for five minutes and need no token."""

import re
from collections.abc import AsyncIterator

from starlette.responses import JSONResponse, Response, StreamingResponse

from patron.imports import export_jobs
from patron.imports.export_jobs import Download
from patron.kernel.db import Database
from patron.kernel.values import parse_id

_LINK = re.compile(r"([0-9]{1,19})\.([0-9]{1,19})\.([0-9]{1,12})\.([0-9a-f]{64})")
_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/x-ndjson"}


async def answer(database: Database, link: str) -> Response:
    """The file that a link leads to."""
    found = _LINK.fullmatch(link)
    tenant_id, job_id = (parse_id(found[1]), parse_id(found[2])) if found else (None, None)
    file = None
    if found and tenant_id and job_id:
        file = await export_jobs.open_link(database.session(), tenant_id, job_id, int(found[3]), found[4])
    if file is None:
        return JSONResponse({"message": "This link is over, or leads nowhere."}, 404)
    name = f"{file.type}.{'csv' if file.format == 'csv' else 'jsonl'}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return StreamingResponse(_parts(file), media_type=_TYPES[file.format], headers=headers)


async def _parts(file: Download) -> AsyncIterator[bytes]:
    part = await file.part(-1)
    while part is not None:
        yield part[1]
        part = await file.part(part[0])
