"""Targets: files that a person, or somebody who sent one, has written into a workspace."""

# ruff: noqa: E501  data

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzzkit import SECRET, Target, documented

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "evals" / "starter"


def _seeds(folder: str, suffix: str, most: int = 3) -> tuple[bytes, ...]:
    # The starter's, cut: what matters is their shape, and short inputs are tried more often.
    return tuple(path.read_bytes()[:4000] for path in sorted((STARTER / folder).glob(f"*{suffix}"))[:most])


def _file(name: str, read: Callable[[Path], Any], *, quiet: bool = False) -> Callable[[bytes, Path], None]:
    def check(data: bytes, room: Path) -> None:
        path = room / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        documented(lambda: read(path), quiet=quiet)

    return check


def _suite(path: Path) -> Any:
    from evals.suite import load_suite

    return load_suite(path, path.parent)


def _series(path: Path) -> Any:
    from evals.case import load_cases, load_series

    load_series(path)
    return load_cases(path.parent)


def _chain(path: Path) -> Any:
    from evals.chain import load_chain

    return load_chain("pilot", path.parent).hash


def _rubric(path: Path) -> Any:
    from evals.judge.rubric import load_rubric

    return load_rubric("screenplay", path.parent).hash("v1:x")


def _policy(path: Path) -> Any:
    from evals.policy import load_policy

    return load_policy(path)


def _waivers(path: Path) -> Any:
    from evals.waivers import load_waivers

    return load_waivers(path.parent)


def _settings(path: Path) -> Any:
    from runs.settings import load

    return load(path.parent)


def _env(data: bytes, room: Path) -> None:
    from runs import secrets

    (room / ".env").write_bytes(data)
    documented(lambda: secrets.read_env_file(room), quiet=True)
    (room / ".env").unlink()
    secrets.read_env_file(room)


def _front(data: bytes, _: Path) -> None:
    from prompts import frontmatter
    from prompts.version import normalise

    documented(lambda: frontmatter.parse(normalise(data, "shot/a.j2"), "shot/a.j2"))


def _template(data: bytes, room: Path) -> None:
    """A template's own way: read with its closure, then rendered in the sandboxed process."""
    from prompts.registry import Registry
    from prompts.render import render

    folder = room / "prompts" / "shot"
    if not folder.is_dir():
        shutil.copytree(ROOT / "prompts/starter/_partials", room / "prompts" / "_partials")
        folder.mkdir()
    (folder / "a.j2").write_bytes(data)
    version = documented(lambda: Registry(room / "prompts").resolve("shot/a"))
    if version is None:
        return
    rendered = documented(lambda: render(version, INPUTS))
    if rendered is not None:
        again = render(version, INPUTS)
        assert again.sha256 == rendered.sha256, "rendered twice, two texts"


INPUTS: dict[str, Any] = {"who": "Mei", "count": 2, "words": ["rain", "雨"], "deep": {"a": [1, {"b": None}]}, "secret": "{{ 7 * 7 }}"}
TEMPLATE = b"""---
stage: shot
description: A still.
inputs:
  who: {type: string, required: true}
  count: integer
  words: list
  deep: {}
contracts:
  forbidden_words: [blood]
---
{% macro m(x, n=2) %}{{ x | upper }}{% for i in range(n) %}.{% endfor %}{% endmacro %}
{% block system %}You draw. {{ words | join_natural }}{% endblock %}
{% block user %}{{ m(who, count) }} {% if deep.a[1].b is none %}none{% else %}{{ deep }}{% endif %}
{% set ns = namespace(n=0) %}{% for w in words %}{% set ns.n = ns.n + loop.index %}{{ w }}{% endfor %}{{ ns.n }}{% endblock %}
"""
JINJA = tuple(
    word.encode()
    for word in (
        "{% for i in range(10**9) %}x{% endfor %}", "{{ ''.__class__.__mro__ }}", "{{ who.__init__.__globals__ }}", "{% include 'shot/a.j2' %}",
        "{% include '_partials/person.j2' %}", "{% extends 'shot/a.j2' %}", "{% import '_partials/camera.j2' as c %}", "{{ 'x' * 10**9 }}", "{{ 9 ** 9 ** 9 }}",
        "{{ self.user() }}", "{{ super() }}", "{{ range(10**7) | list }}", "{{ who | attr('__class__') }}", "{{ '%s' | format(deep) }}", "{{ deep | tojson }}",
        "{% raw %}", "{% endraw %}", "{{ caller() }}", "{{ cycler }}", "{{ lipsum(9999) }}", "{{ words | sort(attribute='x') }}", "{{ who.format(deep) }}",
        "{{ words.append(1) }}", "{{ loop.index }}", "{% set x = x %}", "{{ 1 / 0 }}", "{{ words[99] }}", "{{ words | batch(0) | list }}", "{{ -who }}",
        "{{ 1 << 10**6 }}", "{{ who | indent('x') }}", "{{ words | slice(0) | list }}", "{{ (1, 2) | random }}", "{{ who | truncate(-1) }}", "{{ 1e999 | int }}",
        "{{ '%9999999999d' % 1 }}", "{{ '{:>9999999999}'.format(1) }}", "{{ 'a' | center(10**10) }}", "{{ who | wordwrap(0) }}", "{{ words | groupby(0) }}", "{{ namespace(x=deep) }}",
        "{{ '\\ud800' }}", "{{ 1j }}", "{{ who[::0] }}", "{{ deep | xmlattr }}", "{{ 'x' | int(base=99) }}", "{{ dict(a=words) | dictsort(by='z') }}", "{{ {}.x.y }}",
    )
)  # fmt: skip


def _manifest(suffix: str) -> Callable[[bytes, Path], None]:
    def check(data: bytes, room: Path) -> None:
        from runs.manifest import read

        path = room / f"manifest{suffix}"
        path.write_bytes(data)
        documented(lambda: read(path))

    return check


def _labels(data: bytes, room: Path) -> None:
    from evals.calibrate import folder

    name, _, body = data.partition(b"\n")
    place = room / "labels"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    shown = name.decode("ascii", "replace")
    (place / (shown if shown in LABELS else "emotions.csv")).write_bytes(body)
    documented(lambda: folder.read(place))


def _imported(data: bytes, room: Path) -> None:
    from runs.intake import Intake

    place = room / "import"
    place.mkdir(exist_ok=True)
    name, _, body = data.partition(b"\n")
    shown = "a" + name.decode("utf-8", "surrogateescape").replace("/", "").replace("\0", "")[:40]
    (place / shown).write_bytes(body)
    take = Intake(place)
    names = take.names()
    for one in names:
        take.checked(one, "text")
        take.checked(one, "image")
    documented(take.settle)
    (place / shown).unlink()


SETTINGS = f"""[ui]
port = 8501
[providers.kling]
type = "kling"
base_url = "https://x.example"
api_key_env = "KLING_API_KEY"
options = {{ poll_s = 5 }}
[[prices]]
provider = "kling"
model = "v2"
kind = "second"
second = 0.1
source = "x"
as_of = "2026-01-02"
# {SECRET}
""".encode()
WAIVERS = b"""waivers:
  - {check: C02, verdict: meant, why: it is meant, who: chen, at: "2026-11-02", series: red-shoes, place: s1-b2, quote: "a word"}
"""
CSV = b"file,case,version,model,cost_usd,character,emotion,speaking,references\na.png,w-1,d,m,0.04,mei;lin,fear;anger,true;false,mei=r.png;lin=l.png\n"
ROWS = json.dumps(
    [{"file": "a.png", "case": "w-1", "repeat": 1, "people": [{"character": "mei", "emotion": "fear", "x": 0.5, "references": ["r.png"]}]}]
).encode()
LABELS = {
    "emotions.csv": b"file,person,emotion,neutral\na.png,mei,fear,yes\n",
    "faults.csv": b"file,fault\na.mp4,cuts\n",
    "scripts.csv": b"file,case,checks\na.json,b.json,C02 C11\n",
    "people.csv": b"person,group\nmei,a\n",
    "series.csv": b"series,file,person,same\ns,a.png,mei,yes\n",
    "clips.csv": b"file,person,variant,amplitude,blinks,speaking\na.mp4,mei,lively,0.5,0.1 0.7,yes\n",
    "clips.json": b'[{"clip": "a.mp4", "identity": "mei", "variant": "lively", "mouth_amp": 0.5, "blink_times_s": [0.1]}]',
    "stills.json": b'[{"file": "a.png", "people": ["art_mei"]}]',
}
TARGETS = (
    Target("suite", _file("shot.yaml", _suite), _seeds("suites", ".yaml")),
    Target("series", _file("cases/red-shoes.yaml", _series), _seeds("cases", ".yaml")),
    Target("chain", _file("pilot.yaml", _chain), _seeds("chains", ".yaml")),
    Target("rubric", _file("screenplay.yaml", _rubric), _seeds("rubrics", ".yaml")),
    Target("policy", _file("shot.toml", _policy), _seeds("gates", ".toml")),
    Target("waivers", _file("waivers.yaml", _waivers), (WAIVERS,)),
    Target("settings", _file("workbench.toml", _settings, quiet=True), (SETTINGS,)),
    Target("env file", _env, (f"A_KEY={SECRET}\nexport B='x y'\n# c\nD=\"${{A_KEY}}\"\n".encode(),), (b"${", b"}", b"export ", b"${A_KEY:-x}")),
    Target("front matter", _front, (TEMPLATE,)),
    Target("template", _template, (TEMPLATE, b"---\nstage: shot\n---\n{{ who }} {{ words }} {{ deep }}"), JINJA, few=6, heavy=True),
    Target("manifest csv", _manifest(".csv"), (CSV, b"file;case\na.png;b\n"), (b'"', b"\n", b",", b";;")),
    Target("manifest json", _manifest(".json"), (ROWS, b'{"files": ' + ROWS + b"}"), document=True),
    Target("manifest yaml", _manifest(".yaml"), (ROWS, b"files:\n- file: a.png\n  character: mei\n  emotion: fear\n")),
    Target("labels", _labels, tuple(name.encode() + b"\n" + body for name, body in LABELS.items())),
    Target("import folder", _imported, (b".png\n\x89PNG\r\n\x1a\n\0\0", b".txt\nhello", b".json\n{}", b".gif\nGIF89a\1\0\1\0")),
)  # fmt: skip
