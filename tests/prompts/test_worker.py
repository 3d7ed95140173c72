"""The rendering process: bare, bounded, replaceable, and gone when the program is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from patience import HANGS_S, until
from template_folder import Templates

from prompts.errors import RenderLimitError, UndefinedVariable
from prompts.process import ProcessEnded, ProcessStuck, RenderProcess
from prompts.render import Renderer
from prompts.worker import KEPT_VERSIONS

ROOT = Path(__file__).parents[2]


def _gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state in {"Z", "X"}


def test_a_killed_process_is_replaced(templates: Templates) -> None:
    """A kill from outside, between two renderings, costs nothing but a restart."""
    version = templates.version("{{ n }}")
    with Renderer() as renderer:
        assert renderer.render(version, {"n": 1}).text == "1"
        assert renderer._process is not None
        os.kill(renderer._process.pid, signal.SIGKILL)
        assert renderer.render(version, {"n": 2}).text == "2"


def test_prompts_that_are_rendered_together_are_those_that_each_would_be(templates: Templates) -> None:
    """Also where they are larger than a pipe holds, where the process dies meanwhile, and where it has forgotten a version."""
    versions = [templates.version(f"{name} {{{{ n }}}} {{{{ filler }}}}", f"shot/{name}.j2") for name in ("one", "two")]
    wanted = [(versions[n % 2], {"n": n, "filler": "x" * 20_000}) for n in range(16)]
    with Renderer(seconds=0.2) as renderer:
        alone = [renderer.render(*one) for one in wanted]
        assert renderer.render_all(wanted) == alone
        assert renderer._process is not None
        os.kill(renderer._process.pid, signal.SIGKILL)
        assert renderer.render_all(wanted) == alone
        for n in range(KEPT_VERSIONS):
            renderer.render(templates.version(f"{n}", f"shot/v{n}.j2"), {})
        assert renderer.render_all(wanted) == alone


def test_of_prompts_rendered_together_the_first_that_is_at_fault_is_named(templates: Templates) -> None:
    good = templates.version("fine {{ n }}", "shot/good.j2")
    endless = templates.version("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "shot/endless.j2")
    with Renderer(seconds=0.2) as renderer:
        with pytest.raises(RenderLimitError, match=r"endless\.j2.*more than 0.2 seconds"):
            renderer.render_all([(good, {"n": 1}), (endless, {}), (good, {"n": 2})])
        with pytest.raises(UndefinedVariable, match=r"good\.j2"):
            renderer.render_all([(good, {"n": 1}), (good, {}), (endless, {})])
        assert renderer.render(good, {"n": 3}).text == "fine 3"


@pytest.mark.slow
def test_rendering_goes_on_after_every_kind_of_end(templates: Templates, renderer: Renderer) -> None:
    """Time, memory and depth end the process; the next rendering has a new one."""
    good = templates.version("fine", "shot/good.j2")
    for body in (
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{{ n ** (n ** (n ** n)) }}",
        "{{ 'a' * n ** 10 }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    ):
        with pytest.raises(RenderLimitError):
            renderer.render(templates.version(body), {"n": 10})
        assert renderer.render(good, {}).text == "fine"


@pytest.mark.slow
def test_a_busy_machine_is_no_fault_of_the_template(templates: Templates) -> None:
    """The bound counts processor time: a process that is kept from running is not ended for it."""
    version = templates.version("{{ n }}")
    with Renderer(seconds=1.0) as renderer:
        renderer.render(version, {"n": 1})
        process = renderer._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        waker = subprocess.Popen(
            [sys.executable, "-c", f"import os, signal, time; time.sleep(1.5); os.kill({process.pid}, signal.SIGCONT)"]
        )
        assert renderer.render(version, {"n": 2}).text == "2"
        waker.wait()
        assert renderer._process is process


@pytest.mark.slow
def test_a_process_that_stays_silent_is_killed(templates: Templates) -> None:
    """There is a wall beyond the processor time."""
    version = templates.version("x")
    with Renderer(seconds=0.1) as renderer:
        renderer.render(version, {})
        process = renderer._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        usual, renderer.patience = renderer.patience, 0.5
        with pytest.raises(RenderLimitError, match=r"more than 0.1 seconds"):
            renderer.render(version, {})
        assert _gone(process.pid)
        renderer.patience = usual
        assert renderer.render(version, {}).text == "x"


def test_the_process_has_no_secrets_and_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment holds nothing of ours, it stands in no folder of ours, and it cannot open anything."""
    monkeypatch.setenv("SOME_API_KEY", "very-secret")
    process = RenderProcess(256 << 20)
    try:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        assert b"secret" not in environment
        assert b"HOME" not in environment
        assert Path(f"/proc/{process.pid}/cwd").readlink() == Path("/")
        limits = {line[:25].strip(): line[26:46].strip() for line in Path(f"/proc/{process.pid}/limits").read_text().splitlines()}
        assert limits["Max open files"] == "3"
        assert limits["Max file size"] == "0"
        assert limits["Max address space"] == str(256 << 20)
        assert os.getsid(process.pid) != os.getsid(0)
    finally:
        process.kill()
    assert _gone(process.pid)


def test_a_workspace_cannot_slip_its_own_code_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, templates: Templates) -> None:
    """A workspace has a folder `prompts` too: modules in it, or in the current folder, are never imported."""
    (tmp_path / "prompts").mkdir()
    for name in ("prompts/__init__.py", "prompts/worker.py", "jinja2.py", "json.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    with Renderer() as renderer:
        assert renderer.render(templates.version("x"), {}).text == "x"
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["exit", "kill", "exception"])
def test_the_process_ends_with_the_program(how: str, tmp_path: Path) -> None:
    """However a program ends, it leaves no process behind, even one in the middle of an endless loop."""
    script = f"""
import os, signal, sys, threading, time
sys.path.insert(0, {str(ROOT)!r})
from prompts.render import Renderer, _shared, render
from prompts.version import build
files = {{"shot/a.j2": "---\\nstage: shot\\n---\\n{{% for i in range(n) %}}{{% for j in range(n) %}}{{% endfor %}}{{% endfor %}}x"}}
version = build("shot/a", "shot/a", "shot/a.j2", files.get)
render(version, {{"n": 1}})
print(_shared()._process.pid, flush=True)
if {how!r} == "kill":
    threading.Thread(target=render, args=(version, {{"n": 99999}}), daemon=True).start()
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGKILL)
if {how!r} == "exception":
    raise SystemExit(3)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=HANGS_S, check=False)
    pid = int(ended.stdout)
    until(lambda: _gone(pid))


def test_a_fork_starts_a_process_of_its_own(templates: Templates) -> None:
    """Two programs never talk through one pipe."""
    version = templates.version("{{ n }}")
    with Renderer() as renderer:
        renderer.render(version, {"n": 1})
        child = os.fork()
        if child == 0:
            ok = renderer.render(version, {"n": 2}).text == "2"
            renderer.close()
            os._exit(0 if ok else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert renderer.render(version, {"n": 3}).text == "3"


def test_the_ends_of_a_process_are_told_apart() -> None:
    """A dead one is `ProcessEnded`, a silent one `ProcessStuck`."""
    process = RenderProcess(256 << 20)
    os.kill(process.pid, signal.SIGSTOP)
    with pytest.raises(ProcessStuck):
        process.ask([({"key": "x", "files": None}, b"{}")], 0.05)
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(ProcessEnded) as caught:
        process.ask([({"key": "x", "files": None}, b"{}")], 5)
    assert caught.value.code == -signal.SIGKILL
    process.kill()
