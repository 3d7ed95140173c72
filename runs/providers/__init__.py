"""One module a provider; `get` finds one by name."""
