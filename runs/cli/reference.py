"""The reference of the command line as Markdown, made from the commands themselves, so that it cannot fall behind them.

    python -m runs.cli.reference        # what stands in docs/cli.md below the mark

A command is shown with its usage, its help, and a table of its options; options that every command has are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pkgutil import resolve_name

import click

MARK = "<!-- reference: written by runs.cli.reference -->"
"""All of docs/cli.md below this line is generated."""
FRONT_DOOR = "workbench:cli"


def reference(group: click.Group, name: str) -> str:
    """Return a section for the program and one for each of its commands, in the program's own order.

    Args:
        group: the program.
        name: what it is called on the command line.
    """
    context = click.Context(group, info_name=name, **group.context_settings)
    return "\n".join(line for command in _walk(context) for line in _section(command)).rstrip() + "\n"


def _walk(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            if command is not None:
                yield from _walk(click.Context(command, info_name=name, parent=context))


def _section(context: click.Context) -> Iterator[str]:
    usage = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
    yield from (f"### {context.command_path}", "", "```text", usage, "```", "")
    yield from (" ".join(paragraph.split()) + "\n" for paragraph in _help(context.command).split("\n\n"))
    options = [p for p in context.command.params if isinstance(p, click.Option)]
    if options:
        yield from ("| option | variable | meaning | default |", "|---|---|---|---|")
        yield from (_row(option, context) for option in options)
        yield ""


def _help(command: click.Command) -> str:
    text = (command.help or "").strip()
    return text.replace("\n\n", "\0").replace("\n", " ").replace("\0", "\n\n")


def _row(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    value = "" if option.is_flag else f" {_value(option, context)}"
    again = " May be given again." if option.multiple and "again" not in (option.help or "") else ""
    shown = option.default if option.show_default else None
    default = "" if shown is None else f"`{shown}`"
    variable = f"`{_variable(option, context)}`" if option.expose_value else ""
    return f"| {names}{value} | {variable} | {_cell((option.help or '') + again)} | {default} |"


def _value(option: click.Option, context: click.Context) -> str:
    if isinstance(option.type, click.Choice):
        return " or ".join(f"`{choice}`" for choice in option.type.choices)
    return _cell(option.make_metavar(context).replace("[", "").replace("]", ""))


def _variable(option: click.Option, context: click.Context) -> str:
    return f"{context.auto_envvar_prefix}_{(option.name or '').upper()}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Print the reference."""
    # By name: the front door imports this package, and nothing imports the front door.
    sys.stdout.write(reference(resolve_name(FRONT_DOOR), "workbench"))


if __name__ == "__main__":
    main()
