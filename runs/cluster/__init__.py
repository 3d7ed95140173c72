"""Scoring on a Ray cluster, and limits that hold over all of it; imported only where `[engine] name = "ray"` asks for it."""
