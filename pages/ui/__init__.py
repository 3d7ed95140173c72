"""Shared pieces of the pages: each draws one thing from plain data."""
