"""Define the command line: the table of commands, and what is said of errors.

Exit codes: 0 done, 1 something failed and was named, 2 wrong use. Results go to stdout, all else to stderr.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
import os
import sys
from importlib.abc import InspectLoader

import click
from click.shell_completion import CompletionItem

from pipeline.errors import NewswireError, UsageError

# command → the module of this package that defines it, imported only when the command is called
_COMMANDS = {
    "alerts": "alerts",
    "audit": "audit",
    "backup": "backup",
    "changes": "changes",
    "check": "check",
    "cluster": "stage_filters",
    "copies": "copies",
    "corrections": "copies",
    "decisions": "decisions",
    "dedupe": "stage_filters",
    "demo": "demo",
    "enrich": "stage_filters",
    "entities": "entities",
    "expire": "ledger",
    "explain": "ledger",
    "export": "export",
    "extract": "stage_filters",
    "feeds": "feeds",
    "import": "import_files",
    "index": "import_files",
    "init": "init",
    "keys": "keys",
    "kibana": "kibana",
    "redo": "redo",
    "reindex": "reindex",
    "restore": "backup",
    "replays": "replays",
    "retry": "ledger",
    "run": "run",
    "search": "search",
    "searches": "searches",
    "serve": "serve",
    "status": "ledger",
    "stories": "stories",
    "takedown": "takedown",
    "top": "top",
    "undo": "decisions",
    "withdraw": "withdraw",
}


class _Commands(click.Group):
    """A group whose commands are imported when they are called: its help and completion don't wait for all of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(_module_of(cmd_name))
        command: click.Command = getattr(module, _function_of(cmd_name))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        limit = formatter.width - 6 - max(map(len, _COMMANDS))  # as click reckons it
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, summary in _summaries(limit)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        begun = [CompletionItem(name, help=summary) for name, summary in _summaries() if name.startswith(incomplete)]
        return begun + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


def _module_of(command: str) -> str:
    return f"pipeline.cli.{_COMMANDS[command]}"


def _function_of(command: str) -> str:
    return f"{command}_command"


def _summaries(limit: int = 80) -> list[tuple[str, str]]:
    """Return each command with the first sentence of its help, which is read from its source: none is imported."""
    docstrings: dict[str, str] = {}
    for module in {_module_of(name) for name in _COMMANDS}:
        for node in ast.parse(_source_of(module)).body:
            if isinstance(node, ast.FunctionDef):
                docstrings[f"{module}.{node.name}"] = ast.get_docstring(node) or ""
    names = [(name, f"{_module_of(name)}.{_function_of(name)}") for name in sorted(_COMMANDS)]
    return [
        (name, click.Command(name, help=docstrings.get(function)).get_short_help_str(limit)) for name, function in names
    ]


def _source_of(module: str) -> str:
    spec = importlib.util.find_spec(module)
    loader = spec.loader if spec else None
    source = loader.get_source(module) if isinstance(loader, InspectLoader) else None
    return source or ""


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", is_flag=True, help="Say what goes on.")
@click.option("--log-json", is_flag=True, help="Log lines as JSON: --log-format json.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json", "ecs"]),
    envvar="NEWSWIRE_LOG_FORMAT",
    help="The form of log lines; ecs is Elastic's, with the traces of articles.  [default: text]",
)
@click.version_option(package_name="newswire")
def cli(verbose: bool, log_json: bool, log_format: str | None) -> None:
    """Feeds in, searchable stories out."""
    from pipeline.gc_tuning import tune_gc
    from pipeline.log import LogFormat, configure_logging

    tune_gc()
    configure_logging(verbose=verbose, log_format=LogFormat(log_format or ("json" if log_json else "text")))


def main() -> None:
    """Run the command line; no traceback is shown for what a user can understand and mend."""
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except (click.ClickException, click.Abort) as error:
        code = _report_usage_error(error)
    except UsageError as error:
        code = _report(str(error), 2)
    except NewswireError as error:
        code = _report(str(error), 1)
    except BrokenPipeError:  # the reader of our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except KeyboardInterrupt:
        code = _report("interrupted; what was begun is done again by the next run", 130)
    except OSError as error:  # no disk space, no permission
        where = f"{error.filename}: " if error.filename else ""
        code = _report(f"{where}{error.strerror or error}", 1)
    sys.exit(code)


def _report_usage_error(error: click.ClickException | click.Abort) -> int:
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    return _report("stopped", 1)


def _report(message: str, code: int) -> int:
    """Print one line to stderr; return ``code``."""
    from pipeline.urls import without_credentials

    click.echo(f"newswire: {without_credentials(message)}", err=True)
    return code
