"""Kill `workbench chain` over all stages against the vendors' contract stubs, go on with it, and count at their servers.

The command is the real one in a process of its own, the adapters are the real ones, the sockets too. A kill comes some random
number of requests after the process began to ask, so it meets work however busy the machine is. Used by a test and a bench.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kling_server import STATIC, Kling
from music_stub import SunoApi
from openai_stub import OpenAi
from paid import paid
from vendor_server import Vendor, serve

from runs import query
from runs.starting import initialise
from runs.workspace import Workspace

STAGES = ("outline", "script", "character", "shot", "clip", "music")
AT_ONCE = 4
CHAIN = """name: pilot
seed: {seed}
episodes: [appeal-below/e03]
shots: 2
stages:
  outline: {{version: outline/episode, provider: openai, parameters: {{max_tokens: 4000}}, scorers: []}}
  script: {{version: script/episode, provider: openai, parameters: {{max_tokens: 8000}}, scorers: []}}
  character: {{version: character/sheet, provider: openai-images, scorers: []}}
  shot: {{version: shot/keyframe, provider: openai-images, scorers: []}}
  clip: {{version: clip/motion, provider: kling, scorers: []}}
  music: {{version: music/cue, provider: suno, parameters: {{style: score, title: Pilot, instrumental: true}}, scorers: []}}
"""
SETTINGS = """
[providers.openai]
base_url = "{openai}"
api_key_env = "OPENAI_API_KEY"
model = "m-1"
concurrency = {at_once}
[providers.openai-images]
base_url = "{openai}"
concurrency = {at_once}
resend = true
[providers.openai-images.parameters]
output_format = "png"
[providers.kling]
base_url = "{kling}"
options = {{ poll_s = 0.03 }}
[providers.suno]
base_url = "{suno}"
options = {{ poll_s = 0.03 }}
[[prices]]
model = "m-1"
kind = "tokens"
input = 1
output = 2
[[prices]]
provider = "openai-images"
model = "*"
kind = "image"
image = 0.04
[[prices]]
provider = "suno"
model = "*"
kind = "call"
call = 0.1
"""
KEYS = {"KLING_API_KEY": STATIC, "SUNO_API_KEY": "planted-suno-key-0123456789", "OPENAI_API_KEY": "planted-openai-key-0123456789"}


@dataclass
class Tally:
    """What was seen: kills that met a living process, submissions and jobs by stage, and what the log holds of them."""

    kills: int = 0
    chains: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    jobs: Counter[str] = field(default_factory=Counter)
    journalled_twice: int = 0
    clips_twice: int = 0
    statuses: Counter[str] = field(default_factory=Counter)


@dataclass
class Vendors:
    """The servers, and how often each stage was paid for."""

    openai: OpenAi
    kling: Kling
    suno: SunoApi

    def all_seen(self) -> int:
        return sum(len(vendor.seen) for vendor in (self.openai, self.kling, self.suno))

    def asked(self) -> Counter[str]:
        """Return the submissions so far: texts together, pictures together, clips, songs."""
        return Counter({
            "texts": len(self.openai.calls("POST", "/chat")), "pictures": len(self.openai.calls("POST", "/images")),
            "clips": len(self.kling.tasks), "songs": len(self.suno.calls("POST")),
        })  # fmt: skip


@contextmanager
def vendors() -> Iterator[Vendors]:
    openai, kling, suno = OpenAi(), Kling(), SunoApi()
    with serve(openai), serve(kling), serve(suno):
        yield Vendors(openai, kling, suno)


def killed(folder: Path, made: Vendors, kills: int, *, each: int, seed: int = 1) -> Tally:
    """Run fresh chains, kill each up to `each` times and finish it, until `kills` kills are made."""
    ws = initialise(folder)
    urls = {name: vendor.base_url for name, vendor in vars(made).items() if isinstance(vendor, Vendor)}
    ws.config.write_text(SETTINGS.format(at_once=AT_ONCE, **urls), "utf-8")
    rng, tally = random.Random(seed), Tally()
    while tally.kills < kills:
        tally.chains += 1
        # Another seed is another chain: other jobs, nothing to take over.
        (ws.evals / "chains" / "pilot.yaml").write_text(CHAIN.format(seed=tally.chains), "utf-8")
        for _ in range(min(each, kills - tally.kills)):
            if not _kill(ws, made, rng):
                break
            tally.kills += 1
        last = _child(ws)
        out, err = last.communicate(timeout=300)
        assert last.returncode == 0, (out, err)
    _count(ws, made, tally)
    return tally


def _child(ws: Workspace) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-c", "import workbench; workbench.main()", "-q", "-w", str(ws.root), "chain", "pilot", "--no-score"]
    env = {**os.environ, **KEYS, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def _kill(ws: Workspace, made: Vendors, rng: random.Random) -> bool:
    """Kill a process some requests after its first one; tell whether it was alive."""
    until = made.all_seen() + rng.randint(1, 9)
    child = _child(ws)
    while child.poll() is None and made.all_seen() < until:
        time.sleep(0.001)
    time.sleep(rng.uniform(0, 0.04))
    alive = child.poll() is None
    child.kill()
    child.communicate()
    return alive


def _count(ws: Workspace, made: Vendors, tally: Tally) -> None:
    generations = query.generations(ws)
    stage = {"outline": "texts", "script": "texts", "character": "pictures", "shot": "pictures", "clip": "clips", "music": "songs"}
    tally.jobs.update(stage[name] for name in generations["stage"])
    tally.asked = made.asked()
    tally.statuses.update(generations["status"])
    tally.journalled_twice = sum(count > 1 for count in paid(ws).values())
    names = Counter(task.external for task in made.kling.tasks.values())
    tally.clips_twice = sum(count > 1 for count in names.values())
