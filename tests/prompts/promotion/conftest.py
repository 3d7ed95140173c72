"""A studio with two people and two versions."""

from __future__ import annotations

from pathlib import Path

import pytest
from promotions import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """Return a studio whose template folder is empty but for `shot/a`."""
    return Studio(tmp_path / "workspace" / "prompts")
