"""Doing it and writing it down: plan, harness, providers, media, journal, log, queries."""
