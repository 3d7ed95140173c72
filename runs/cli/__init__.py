"""The commands, one module a topic; each is wiring between arguments, a function that does the work, and `output`."""
