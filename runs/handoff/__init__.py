"""Hand an episode to the people who finish it: editor, voice actors, subtitler, and whoever must say how it was made."""
