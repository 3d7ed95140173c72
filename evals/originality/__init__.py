"""Originality: whether texts and pictures repeat what the studio, or somebody else, has made before."""
