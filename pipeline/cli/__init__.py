"""Define the command line: the table of commands, and what is said of errors.

Exit codes: 0 done, 1 something failed and was named, 2 wrong use. Results go to stdout, all else to stderr.
"""

from __future__ import annotations

import importlib
import os
import sys

import click

from pipeline.errors import NewswireError, UsageError

# command → the module of this package that defines it, imported only when the command is called
_COMMANDS = {
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
    "redo": "ledger",
    "reindex": "ledger",
    "retry": "ledger",
    "run": "run",
    "search": "search",
    "serve": "search",
    "status": "ledger",
    "stories": "stories",
    "takedown": "ledger",
    "undo": "decisions",
}


class _Commands(click.Group):
    """A group whose commands are imported when they are called, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"pipeline.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", is_flag=True, help="Say what goes on.")
@click.option("--log-json", is_flag=True, help="Log lines as JSON.")
@click.version_option(package_name="newswire")
def cli(verbose: bool, log_json: bool) -> None:
    """Feeds in, searchable stories out."""
    from pipeline.gc_tuning import tune_gc
    from pipeline.log import configure_logging

    tune_gc()
    configure_logging(verbose=verbose, as_json=log_json)


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
    click.echo(f"newswire: {message}", err=True)
    return code
