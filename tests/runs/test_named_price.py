"""Prices that a user names for a run, and bounds that count what the provider's settings add to every call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import chat_server
import click
import pytest
from click.testing import CliRunner

import workbench
from prompts.errors import InputError
from runs import query
from runs.cli.context import as_asked
from runs.cli.gate import gate
from runs.cli.race import race
from runs.pricing import Pricing, named_price
from runs.provider import Message, Reference, Request
from runs.providers import get
from runs.quote import pricing_of
from runs.settings import load
from runs.starting import initialise


def test_a_named_price_has_what_its_kind_needs() -> None:
    image, tokens = named_price(["image=0.07"]), named_price(["input=0.75", "output=4.5", "max_output=4000"])
    assert image and (image.kind, image.image) == ("image", 0.07)
    assert tokens and (tokens.kind, tokens.input, tokens.max_output) == ("tokens", 0.75, 4000)
    assert named_price([]) is None
    kept = Pricing(named=tokens).amounts
    assert kept == {"input": 0.75, "output": 4.5, "max_output": 4000}
    assert Pricing().naming(kept).named == tokens
    assert Pricing(named=image).naming(kept).named is image, "what is named now goes before what was named then"


@pytest.mark.parametrize(
    "pairs", [["image"], ["image=cheap"], ["imge=1"], ["input=1"], ["image=-1"], ["call=inf"], ["image=1", "max_output=2.5"]]
)
def test_what_is_no_price_is_refused(pairs: list[str]) -> None:
    with pytest.raises(InputError):
        named_price(pairs)


def pricing(folder: Path, name: str, table: str) -> Pricing:
    (folder / "workbench.toml").write_text(f"[providers.{name}]\n{table}\n")
    settings = load(folder)
    return pricing_of(get(name, settings), settings)


def asked(kind: Any, **given: Any) -> Request:
    return Request(**{"key": "k", "stage": "shot", "kind": kind, "messages": (Message("user", "rain"),), "model": "", **given})


def test_the_bound_counts_what_the_settings_add_to_every_call(tmp_path: Path) -> None:
    request = asked("text", model="gpt-5.4-mini")
    assert pricing(tmp_path, "openai", "").worst_usd(request) is None
    bounded = pricing(tmp_path, "openai", "parameters = { max_tokens = 1000 }").worst_usd(request)
    assert bounded == pytest.approx(1000 * 4.5 / 1e6, rel=0.02)
    never_sent = "parameters = { max_tokens = 1000 }\ncapabilities = { drop = ['max_tokens'] }"
    assert pricing(tmp_path, "openai", never_sent).worst_usd(request) is None, "a bound that is not sent binds nobody"
    clip = asked("video", model="wan2.7-t2v")
    assert pricing(tmp_path, "wan", "parameters = { duration = 8, resolution = '1080P' }").worst_usd(clip) == pytest.approx(8 * 0.15)
    two = pricing(tmp_path, "kling", "parameters = { n = 2 }").worst_usd(asked("image", model="kling-v3"))
    assert two == pytest.approx(2 * 0.028)


def test_pictures_that_go_along_count_in_the_estimate(tmp_path: Path) -> None:
    """Kling's older models charge twice as much with one, OpenAI's by its tokens; neither file need be there."""
    seen = (Reference("mei", "a" * 64, "image/png", Path("a" * 64)),)
    kling = pricing(tmp_path, "kling", "")
    assert kling.worst_usd(asked("image", model="kling-v2")) == pytest.approx(0.014)
    assert kling.worst_usd(asked("image", model="kling-v2", references=seen)) == pytest.approx(0.028)


@pytest.mark.parametrize("command", [gate, race])
def test_gates_and_races_take_a_price_too_and_keep_it_with_their_runs(tmp_path: Path, command: click.Command) -> None:
    (tmp_path / "workbench.toml").write_text('[providers.house]\ntype = "chat"\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "m-1"\n')
    needed = ["--version", "a", "--version", "b"] if command is race else []
    context = command.make_context("x", [*needed, "--provider", "house", "--price", "call=0.02"])
    _, options, order = as_asked(context, load(tmp_path, {"provider": "house"}), "script", context.params)
    assert options.pricing.worst_usd(asked("text", model="m-1")) == pytest.approx(0.02)
    assert order.price == {"call": 0.02}


@pytest.mark.slow
def test_the_price_that_is_named_keeps_a_budget_and_stays_with_the_run(tmp_path: Path) -> None:
    ws = initialise(tmp_path / "drama")
    with chat_server.serve() as server:
        server.say('{"title": "The Well"}')
        ws.config.write_text(
            f'[providers.house]\ntype = "chat"\nbase_url = "{server.base_url}"\nmodel = "m-1"\nparameters = {{ max_tokens = 100 }}\n'
        )

        def said(*arguments: str) -> Any:
            return CliRunner().invoke(workbench.cli, ["-w", str(ws.root), "run", *arguments, "--no-score"])

        order = (
            "--suite",
            "outline",
            "--version",
            "outline/episode",
            "--provider",
            "house",
            "--limit",
            "3",
            "--repeats",
            "1",
            "--budget",
            "0.05",
        )
        assert "--price" in str(said(*order).exception), "what has no price is refused, and how to name one is said"
        assert said(*order, "--price", "call=0.02").exit_code == 0
        (run_id,) = query.runs(ws)["run_id"]
        found = query.generations(ws, run_id)
        assert sorted(found["status"]) == ["budget", "ok", "ok"]
        assert set(found[found["status"] == "ok"]["cost_source"]) == {"named price"}
        assert query.run_plan(ws, run_id)["price"] == {"call": 0.02}
        done = said("--resume", run_id, "--budget", "0.06")
        assert done.exit_code == 0
        assert query.generations(ws, run_id)["cost_usd"].sum() == pytest.approx(0.06)
        estimate = json.loads(said(*order, "--price", "call=0.02", "--dry-run", "--format", "json").stdout)["estimate"][0]
        assert (estimate["cost_low_usd"], estimate["cost_high_usd"]) == (pytest.approx(0.06), pytest.approx(0.06))
