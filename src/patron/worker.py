"""The background worker: what happens outside a request. One loop, a list of named jobs."""
