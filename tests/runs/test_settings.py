"""Settings: which source wins, where each value is said to come from, and what is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from prompts.errors import UnknownName, WorkspaceError
from runs.settings import Settings, load, presets


@pytest.fixture
def write(tmp_path: Path):  # type: ignore[no-untyped-def]
    def write(text: str) -> Path:
        (tmp_path / "workbench.toml").write_text(text, "utf-8")
        return tmp_path

    return write


def origin_of(settings: Settings, key: str) -> str:
    return next(o.origin for o in settings.origins() if o.key == key)


def test_flag_before_environment_before_file_before_default(write, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    root = write("repeats = 3\nseed = 3\nworkers = 3\n")
    monkeypatch.setenv("WORKBENCH_REPEATS", "4")
    monkeypatch.setenv("WORKBENCH_SEED", "4")
    settings = load(root, {"repeats": 5, "seed": None})
    assert (settings.repeats, settings.seed, settings.workers, settings.provider) == (5, 4, 3, "studio")
    assert origin_of(settings, "repeats") == "flag --repeats"
    assert origin_of(settings, "seed") == "environment WORKBENCH_SEED"
    assert origin_of(settings, "workers") == "workbench.toml:3"
    assert origin_of(settings, "provider") == "default"


def test_the_env_file_counts_as_environment_beneath_the_real_one(write, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    root = write("")
    (root / ".env").write_text("WORKBENCH_SEED=8\nWORKBENCH_REPEATS=8\n")
    monkeypatch.setenv("WORKBENCH_SEED", "9")
    assert (load(root).seed, load(root).repeats) == (9, 8)


def test_tables_are_merged_key_by_key_over_the_preset(write, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    root = write('[providers.house]\npreset = "qwen"\nmodel = "qwen-flash"\nparameters = { temperature = 0.5 }\n')
    monkeypatch.setenv("WORKBENCH_PROVIDERS__HOUSE__CAPABILITIES__SEED", "false")
    monkeypatch.setenv("WORKBENCH_PROVIDERS__HOUSE__CAPABILITIES__DROP", '["top_p"]')
    settings = load(root, {"providers.house.timeout_s": 9})
    house = settings.provider_settings("house")
    assert (house.type, house.api_key_env, house.model, house.timeout_s) == ("chat", "DASHSCOPE_API_KEY", "qwen-flash", 9)
    assert house.parameters == {"enable_thinking": False, "temperature": 0.5}
    assert (house.capabilities.structured, house.capabilities.seed, house.capabilities.drop) == ("json_object", False, ("top_p",))
    assert origin_of(settings, "providers.house.parameters.temperature") == "workbench.toml:4"
    assert origin_of(settings, "providers.house.parameters.enable_thinking") == "preset qwen"
    assert origin_of(settings, "providers.house.rate_per_minute") == "default"


def test_every_preset_is_usable_and_the_default_provider_needs_no_table() -> None:
    settings = load(Path("/nonexistent"))
    for name in presets():
        assert settings.provider_settings(name).type
    assert settings.provider_settings().type == "studio"


def test_an_unknown_provider_names_the_nearest(write) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UnknownName, match="openai"):
        load(write("")).provider_settings("opnai")
    with pytest.raises(WorkspaceError, match="names no adapter"):
        load(write('[providers.house]\nmodel = "x"')).provider_settings("house")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("repeat = 3", r"workbench.toml:1: unknown key 'repeat'. Did you mean 'repeats'\?"),
        ("# a\n\n[providers.openai]\nmodle = 'x'", r"workbench.toml:4: unknown key 'providers.openai.modle'. Did you mean 'model'\?"),
        ("[providers.x]\nbudget_usd = 3", r"workbench.toml:2: unknown key .* belongs at the top of the file"),
        ("[providers.x.capabilities]\nstructred = 'plain'", r"workbench.toml:2: .*Did you mean 'structured'\?"),
        (
            "[[prices]]\nmodel = 'a'\nkind = 'call'\ncall = 1\n[[prices]]\nmodel = 'b'\nkind = 'call'\ncal = 1",
            r"workbench.toml:8: unknown key 'prices.1.cal'",
        ),
        ("repeats = 'many'", "workbench.toml:1: repeats: input should be a valid integer"),
        ("repeats = 0", "workbench.toml:1: repeats: input should be greater than or equal to 1"),
        ("budget_usd = nan", "workbench.toml:1: budget_usd"),
        ("[ui]\nport = 99999", "workbench.toml:2: ui.port"),
        ("[[prices]]\nmodel = 'x'\nkind = 'tokens'\ninput = 1.0", "workbench.toml:1: prices.0: .*needs output"),
        ("[providers.'a b']\ntype = 'chat'", "workbench.toml:1: providers"),
        ("repeats = ", r"workbench.toml: Invalid value \(at"),
        ("repeats = 1\nrepeats = 2", "workbench.toml: Cannot overwrite a value"),
    ],
)
def test_a_mistake_is_one_line_with_place_and_advice(write, text: str, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(WorkspaceError, match=message) as caught:
        load(write(text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        'api_key = "sk-proj-abcdefghijklmnop1234"',
        'api_key_env = "sk-proj-abcdefghijklmnop1234"',
        'model = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"',
        'headers = { Authorization = "Bearer short" }',
        'options = { deep = [ { key = "r8_ABCDEFGHIJKLMNOPqrstuv" } ] }',
    ],
)
def test_a_key_in_the_file_is_refused_with_advice_and_not_repeated(write, line: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(WorkspaceError, match=r"workbench.toml:2: .* looks like a key. .*api_key_env") as caught:
        load(write(f"[providers.house]\n{line}"))
    for secret in ("abcdefghijklmnop", "0a1b2c3d", "short", "ABCDEFGH"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "model", ["claude-sonnet-4-5-20260929", "gpt-5.4-mini-2026-03-17", "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8", "kwaivgi/kling-v3-video"]
)
def test_model_names_are_no_keys(write, model: str) -> None:  # type: ignore[no-untyped-def]
    assert load(write(f'[providers.openai]\nmodel = "{model}"')).provider_settings("openai").model == model


def test_a_wrong_environment_variable_is_named(write, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("WORKBENCH_UI__PORT", "none")
    with pytest.raises(WorkspaceError, match=r"environment WORKBENCH_UI__PORT: ui\.port"):
        load(write(""))
    monkeypatch.delenv("WORKBENCH_UI__PORT")
    monkeypatch.setenv("WORKBENCH_PRICES", "[{private")
    with pytest.raises(WorkspaceError) as caught:
        load(write(""))
    assert "private" not in str(caught.value)


def test_other_variables_with_our_prefix_are_left_to_the_command_line(write, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("WORKBENCH_RUN_LIMIT", "3")
    assert load(write("")).repeats == 2


def test_a_file_that_is_no_text_or_far_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "workbench.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(WorkspaceError, match="not UTF-8"):
        load(tmp_path)
    (tmp_path / "workbench.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(WorkspaceError, match="larger than"):
        load(tmp_path)
    (tmp_path / "workbench.toml").write_text("a = " + "[" * 5000)
    with pytest.raises(WorkspaceError):
        load(tmp_path)


def test_the_starter_file_says_what_the_defaults_are(tmp_path: Path) -> None:
    starter = Path(__file__).parents[2] / "runs" / "starter" / "workbench.toml"
    (tmp_path / "workbench.toml").write_bytes(starter.read_bytes())
    assert load(tmp_path).model_dump() == Settings().model_dump()


def test_the_commented_examples_of_the_starter_file_are_valid_too(tmp_path: Path) -> None:
    starter = Path(__file__).parents[2] / "runs" / "starter" / "workbench.toml"
    lines = starter.read_text("utf-8").splitlines()
    examples = [line[2:] if line.startswith("# ") and ("=" in line or line.startswith("# [")) else line for line in lines]
    kept = "\n".join(e for e in examples if not e.startswith(("Keys", "the variable", "lmstudio", "Settings", "file,", "In US")))
    tomllib.loads(kept)
    (tmp_path / "workbench.toml").write_text(kept)
    house = load(tmp_path).provider_settings("house")
    assert (house.api_key_env, house.capabilities.drop) == ("HOUSE_KEY", ("top_p",))


def test_a_presets_length_of_clips_gives_way_to_the_shot_but_the_users_does_not(tmp_path: Path) -> None:
    assert load(tmp_path).provider_settings("kling").parameters["duration"] == 5
    assert "duration" not in load(tmp_path).call_parameters("kling")
    (tmp_path / "workbench.toml").write_text("[providers.kling]\nparameters = { duration = 10 }\n", "utf-8")
    assert load(tmp_path).call_parameters("kling")["duration"] == 10
