"""Attachments: links to files, and remarks, that hang on customers, groups and other records."""
