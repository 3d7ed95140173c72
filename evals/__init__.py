"""How we judge: cases, suites, scorers, statistics."""
