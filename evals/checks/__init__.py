"""Checks of story logic over declared ids, presence and changes: `ledger` folds a script into states, each check reads them.

`registry.CHECKS` is the list of all; `run` gives the findings of one script.
"""
