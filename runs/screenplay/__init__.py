"""Screenplays of other tools as scripts of the story model, and scripts as screenplays that other tools open."""
