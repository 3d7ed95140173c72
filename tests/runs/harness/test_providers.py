"""Providers by name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from prompts.errors import UnknownName
from runs.errors import ProviderError
from runs.providers import default_model, get, rate_per_minute, reference
from runs.providers.studio import StudioProvider
from runs.settings import Settings, load


def settings(folder: Path, toml: str = "") -> Settings:
    (folder / "workbench.toml").write_text(toml)
    return load(folder)


@pytest.mark.parametrize("name", ["studio", "offline-studio"])
def test_the_studio_is_found_by_its_name_and_by_the_name_in_the_log(tmp_path: Path, name: str) -> None:
    provider = get(name, settings(tmp_path))
    assert isinstance(provider, StudioProvider)
    assert reference(provider) == {"name": "offline-studio", "simulated": True, "base_url": ""}
    assert default_model(provider) == "offline-studio"


def test_a_server_of_one_s_own_is_driven_by_the_adapter_of_its_preset(tmp_path: Path) -> None:
    toml = '[providers.team]\npreset = "vllm"\nbase_url = "http://localhost:9/v1"\nmodel = "m"\nrate_per_minute = 30\nconcurrency = 3\n'
    provider = get("team", settings(tmp_path, toml))
    assert reference(provider) == {"name": "team", "simulated": False, "base_url": "http://localhost:9/v1"}
    assert (type(provider).__name__, provider.concurrency, rate_per_minute(provider), default_model(provider)) == (
        "ChatProvider",
        3,
        30.0,
        "m",
    )


def test_the_default_model_is_the_one_of_the_settings_also_where_an_adapter_has_a_method_of_that_name(tmp_path: Path) -> None:
    assert default_model(get("kling", settings(tmp_path))) == "kling-v3"


def test_an_unknown_provider_is_named_with_its_neighbours(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean studio"):
        get("studoi", settings(tmp_path))


def test_an_unknown_adapter_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Unknown kind of provider 'telepathy'"):
        get("mine", settings(tmp_path, '[providers.mine]\ntype = "telepathy"\n'))


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a package that offers adapters."""
    folder = tmp_path / "site"
    info = folder / "plug-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[workbench.providers]\nplug = plug:Plug\nhollow = plug:Hollow\nbroken = plug:Nothing\n")
    (folder / "plug.py").write_text(
        "class Hollow:\n    def __init__(self, name, config): self.name = name\n"
        "class Plug(Hollow):\n    simulated = False; kinds = frozenset({'text'}); concurrency = 1\n"
        "    async def __aenter__(self): return self\n    async def __aexit__(self, *a): return None\n"
        "    async def generate(self, request): raise ValueError\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "plug", raising=False)
    return folder


def of_type(tmp_path: Path, kind: str) -> Settings:
    return settings(tmp_path, f'[providers.mine]\ntype = "{kind}"\n')


@pytest.mark.usefixtures("plugin")
def test_an_installed_package_can_offer_an_adapter(tmp_path: Path) -> None:
    assert get("mine", of_type(tmp_path, "plug")).name == "mine"


@pytest.mark.usefixtures("plugin")
def test_an_adapter_that_does_not_speak_the_protocol_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="can neither generate nor take tasks"):
        get("mine", of_type(tmp_path, "hollow"))


@pytest.mark.usefixtures("plugin")
def test_an_adapter_that_does_not_load_says_why(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="cannot be loaded: AttributeError"):
        get("mine", of_type(tmp_path, "broken"))
