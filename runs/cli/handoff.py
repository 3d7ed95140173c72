"""`workbench export-episode`: everything that an editor, a voice actor and a subtitler need, from the log."""

from __future__ import annotations

from pathlib import Path

import click

from runs.cli import complete, output
from runs.cli.context import quiet, workspace

ALGORITHMS = ("es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519")


@click.command("export-episode")
@click.argument("run_name", metavar="RUN", shell_complete=complete.runs)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--series", default="", help="The series, where the run has more than one.")
@click.option("--arm", default="", help="The arm's letter, where the run has more than one.")
@click.option("--repeat", type=click.IntRange(0), default=0, show_default=True, help="Which repeat.")
@click.option("--script", "script_run", metavar="RUN", help="The run that has the script, for Fountain and FDX.")
@click.option("--music", "music_run", metavar="RUN", help="The run that has the music.")
@click.option("--episode", default="", help="The episode of script and music, such as e01; default: the first.")
@click.option("--rate", type=click.IntRange(1, 120), default=25, show_default=True, help="Frames a second of the timeline.")
@click.option("--certificate", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Sign with this certificate chain (PEM).")
@click.option("--private-key", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The certificate's key (PEM).")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="es256", show_default=True, help="How the certificate signs.")
@click.pass_context
def export_episode(
    context: click.Context,
    run_name: str,
    folder: Path,
    series: str,
    arm: str,
    repeat: int,
    script_run: str | None,
    music_run: str | None,
    episode: str,
    rate: int,
    certificate: Path | None,
    private_key: Path | None,
    algorithm: str,
) -> None:
    """Write the clips (or stills) of RUN as an episode into FOLDER: timeline, subtitles, cue sheet, screenplay, provenance.

    RUN may be the name of a chain: its newest clips, else stills, with its script and its music.
    """
    from runs import query
    from runs.handoff.export import export
    from runs.handoff.gather import Choice
    from runs.handoff.provenance import Certificate

    if (certificate is None) != (private_key is None):
        raise click.UsageError("Give both --certificate and --private-key.")
    ws = workspace(context)
    of_chain = {stage: next(iter(query.chain_runs(ws, run_name, stage)), "") for stage in ("clip", "shot", "music")}
    run_id = of_chain["clip"] or of_chain["shot"]
    fed = query.ancestry(ws, run_id) if run_id else None
    written = [] if fed is None else list(fed[fed["from_stage"] == "script"]["from_run_id"])
    run_id = run_id or query.find_run(ws, run_name)
    choice = Choice(
        run_id,
        series=series,
        arm=arm,
        repeat=repeat,
        script=query.find_run(ws, script_run) if script_run else "".join(written[-1:]),
        music=query.find_run(ws, music_run) if music_run else of_chain["music"],
        episode=episode,
    )
    signing = Certificate(certificate, private_key, algorithm) if certificate and private_key else None
    done = export(ws, choice, folder, rate=rate, certificate=signing)
    for name in done.missing:
        output.say(f"  missing: {name}", quiet=quiet(context))
    if done.too_fast:
        output.say(f"  too much to read in the time: lines {', '.join(done.too_fast)}", quiet=quiet(context))
    output.say(f"{done.folder}: {done.seconds:.1f} s, {len(done.files)} files, {done.signed} signed.", quiet=quiet(context))
    for name in done.files:
        click.echo(f"{done.folder.as_posix()}/{name}")
