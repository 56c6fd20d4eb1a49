"""The thin HTTP layer under the dialects: an operations table, its router, bodies and the OpenAPI document."""
