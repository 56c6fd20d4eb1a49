"""Whom we serve: tenants, their customer sets, sites and applications."""
