"""One process is one core: numerical libraries that start a thread for each core would fight over them.

Our matrices are small. On a machine with other work on it, threads that wait for each other cost several times the CPU of the sum itself.
"""

from __future__ import annotations

import os

VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS",
    "RAYON_NUM_THREADS",
)  # fmt: skip
"""What OpenMP, OpenBLAS, MKL, numexpr, Accelerate, BLIS and Rayon (under Kornia) read when they are loaded."""


def for_a_worker() -> dict[str, str]:
    """Return the variables that give a process one thread, whatever its parent has."""
    return dict.fromkeys(VARIABLES, "1")


def unless_said_otherwise() -> None:
    """Give this process and its children one thread each; to be called before numpy is loaded. What the user set stays."""
    for name, value in for_a_worker().items():
        os.environ.setdefault(name, value)
