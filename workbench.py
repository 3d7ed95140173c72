"""The front door: the `workbench` command, the Streamlit `app`, and `open_log` for notebooks.

Wiring only. Commands live in `runs.cli` (and `ui` in `pages.serve`) and are imported when they are called, so that
`workbench --help` loads none of the libraries that do the work.

Exit codes: 0 done · 1 error · 2 usage · 3 gate not passed · 4 inconclusive · 130 interrupted (state saved).
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from runs import one_thread

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("runs.cli.workspace:init", "Make a workspace with starter templates, suites and cases."),
    "new": ("runs.cli.new:new", "Make a series or a template of your own, to be edited."),
    "demo": ("runs.cli.demo:demo", "Run, score and compare the starter versions on the embedded studio."),
    "templates": ("runs.cli.templates:templates", "List templates and their versions."),
    "render": ("runs.cli.templates:render", "Print the prompt that a version makes of a case; call nothing."),
    "diff": ("runs.cli.templates:diff", "Show what changed between two versions, in source and as rendered."),
    "lint": ("runs.cli.lint:lint", "Check rendered prompts before they are paid for."),
    "try": ("runs.cli.trying:try_", "Generate one case with one or more versions, and see what comes back."),
    "run": ("runs.cli.run:run", "Run versions over a suite, or resume a run."),
    "chain": ("runs.cli.chain:chain", "Run a production from outline to music, each stage from what the one before gave."),
    "lineage": ("runs.cli.chain:lineage", "Show what a run's generations were made from, back to the first stage."),
    "settle": ("runs.cli.settle:settle", "Say what became of jobs of which nobody knows whether they were made."),
    "score": ("runs.cli.run:score", "Score an old run again."),
    "judge": ("runs.cli.judge:judge", "Let a model judge scripts, with quotes that are checked."),
    "calibrate": ("runs.cli.calibrate:calibrate", "Find out how far scorers agree with labels, and a judge with people."),
    "import": ("runs.cli.importing:import_", "Bring in pictures, clips and texts that were made elsewhere."),
    "import-script": ("runs.cli.screenplay:import_script", "Turn a Fountain, FDX or JSON screenplay into a script."),
    "originality": ("runs.cli.originality:originality", "Find text and pictures that repeat an earlier work."),
    "waive": ("runs.cli.waive:waive", "Say of a finding that it is wrong, meant, or right."),
    "checks": ("runs.cli.waive:checks", "Show how often each check spoke, and how often people agreed."),
    "compare": ("runs.cli.compare:compare", "Compare two versions: effect, interval, verdict."),
    "ratings": ("runs.cli.ratings:ratings", "Let people judge blind, and see what their votes say."),
    "channels": ("runs.cli.promotion:channels", "List what dev, staging and production mean now."),
    "approve": ("runs.cli.promotion:approve", "Approve what a gate's report proves."),
    "promote": ("runs.cli.promotion:promote", "Let a channel mean a version."),
    "rollback": ("runs.cli.promotion:rollback", "Go back to a former version."),
    "freeze": ("runs.cli.promotion:freeze", "Let nothing move in a channel."),
    "thaw": ("runs.cli.promotion:thaw", "Let things move in a channel again."),
    "pin": ("runs.cli.promotion:pin", "Let a series keep its version of a template."),
    "unpin": ("runs.cli.promotion:unpin", "Let a series follow production again."),
    "canary": ("runs.cli.promotion:canary", "Give a share of the series another version."),
    "ledger": ("runs.cli.promotion:ledger", "Read and prove the ledger of promotions."),
    "export": ("runs.cli.delivery:export", "Write promoted prompts for production."),
    "serve-prompts": ("runs.cli.delivery:serve_prompts", "Serve promoted prompts over HTTP, read-only."),
    "plan": ("runs.cli.plan:plan", "Say how many series and dollars a gate takes, before it is run."),
    "race": ("runs.cli.race:race", "Race many variants on the explore split; one finalist for the gate."),
    "gate": ("runs.cli.gate:gate", "Judge whether a version may take another one's place."),
    "runs": ("runs.cli.show:runs", "List runs."),
    "show": ("runs.cli.show:show", "Show a run, or one generation of it."),
    "costs": ("runs.cli.costs:costs", "Say what was paid: by day, model, version, run; and why a run was dear."),
    "log": ("runs.cli.log:log", "Care for the run log."),
    "team": ("runs.cli.team:team", "Share journals and media with the team's other machines."),
    "gc": ("runs.cli.log:gc", "Find media that nothing names, and remove it."),
    "export-episode": ("runs.cli.handoff:export_episode", "Hand an episode to editor, voice actors and subtitler."),
    "ui": ("pages.serve:ui", "Open the app."),
    "config": ("runs.cli.workspace:config", "Print the settings and where each comes from."),
    "schema": ("runs.cli.workspace:schema", "Print the JSON Schemas of the files that you write."),
    "models": ("runs.cli.models:models", "List the models that scorers use, and pull optional ones."),
    "studio": ("runs.cli.studio:studio", "Serve the embedded studio to real adapters, on this machine."),
    "providers": ("runs.cli.providers:providers", "List who could generate: what is set up, limits, prices, terms."),
    "doctor": ("runs.cli.doctor:doctor", "Check the installation and the workspace."),
}


CHAPTERS = {
    "Begin": "init new demo ui doctor config providers schema",
    "Write": "templates render diff lint",
    "Generate": "try run chain import import-script settle",
    "Judge": "score judge calibrate waive checks originality models",
    "Look and compare": "runs show lineage costs compare ratings",
    "Prove and promote": "plan race gate approve promote rollback canary pin unpin freeze thaw channels ledger",
    "Deliver": "export serve-prompts export-episode",
    "Look after": "log gc team studio",
}
"""The chapters of `workbench --help`: each command stands in one."""


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the command's module; None for an unknown name."""
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name][0].split(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[name][0]} is not a command")
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Say of a mistyped command which one may be meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from prompts.near import nearest

            near = nearest(args[0], COMMANDS)
            hint = f"Did you mean {' or '.join(near)}?" if near else "`workbench --help` lists them."
            ctx.fail(f"No such command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the tables above, without importing a command."""
        widest = max(map(len, COMMANDS))
        for chapter, names in CHAPTERS.items():
            with formatter.section(chapter):
                formatter.write_dl([(f"{name:<{widest}}", COMMANDS[name][1]) for name in names.split()])


@click.group(
    cls=LazyGroup, context_settings={"auto_envvar_prefix": "WORKBENCH", "help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.option("-w", "--workspace", metavar="DIR", help="The workspace; default: the nearest folder upwards with a workbench.toml.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, only results and errors.")
@click.version_option(package_name="microdrama-workbench")
@click.pass_context
def cli(context: click.Context, workspace: str | None, quiet: bool) -> None:
    """Version, run, score, compare and promote the prompts of a microdrama production.

    Results go to stdout, everything else to stderr. Completion: see `docs/cli.md`.
    """
    context.obj = {"workspace": workspace, "quiet": quiet}


def main() -> None:
    """Run the command line; the one place that turns an error into a line on stderr and an exit code."""
    one_thread.unless_said_otherwise()
    try:
        # Outside of standalone mode click returns the code that a command exits with.
        code = cli.main(prog_name="workbench", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.Abort:
        sys.exit(_complain("Interrupted.", 130))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(_complain("Interrupted.", 130))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001  what is not the user's to mend is raised again
        sys.exit(_complain(*_explain(error)))


def _explain(error: Exception) -> tuple[str, int]:
    """Return one line for what a user can mend; raise on what is a defect of ours."""
    from prompts.errors import WorkbenchError

    if isinstance(error, WorkbenchError):
        return f"Error: {error}", error.exit_code
    if isinstance(error, OSError):
        return f"Error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", 1
    raise error


def _complain(message: str, code: int) -> int:
    click.echo(message, err=True)
    return code


def __getattr__(name: str) -> Any:
    """Make the Streamlit app when a server asks for `workbench:app`, and not before; know `open_log` without it."""
    if name == "open_log":
        from runs.notebook import open_log

        return open_log
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from streamlit.starlette import App

    from pages.serve import ROUTER, routes, warmed

    app = App(ROUTER, routes=routes(), lifespan=warmed)
    globals()["app"] = app
    return app


if __name__ == "__main__":
    main()
