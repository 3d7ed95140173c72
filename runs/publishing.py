"""A verdict becomes a report: three files, a line in the log, and a line in the ledger. Until then it was only printed."""

from __future__ import annotations

from pathlib import Path

from prompts.files import write_whole
from prompts.promotion import Board
from runs.report import Judgement, evidence_for_promotion, save
from runs.report_page import page
from runs.report_text import markdown
from runs.workspace import Workspace


def publish(ws: Workspace, board: Board, judgement: Judgement) -> Path:
    """Write a report in all its forms, and its hash into log and ledger; return the JSON file.

    Args:
        ws: The workspace.
        board: In the hands of whoever ran the gate: that person may not approve the report.
        judgement: What the gate said.
    """
    path = save(ws, judgement)
    write_whole(path.with_suffix(".md"), markdown(judgement.report).encode())
    write_whole(path.with_suffix(".html"), page(ws, judgement.report).encode())
    board.record(evidence_for_promotion(path))
    return path
