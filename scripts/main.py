"""The `fpp` command: one subcommand per module of this package.

A command is a module with `SUMMARY` (one line), `EXAMPLES` (the end of its help),
`add_arguments(parser)` and `run(arguments) -> exit code`; CONTRIBUTING.md shows one. Command
modules import the library inside `run`, so that `fpp --help` loads none of it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Protocol, cast

COMMANDS = (
    "predict",
    "webcam",
    "app",
    "demo",
    "data",
    "train",
    "tune",
    "adapt",
    "evaluate",
    "compare",
    "benchmark",
    "synthesize",
    "rig",
    "landmarker",
)
"""Names of the modules beside this one that are commands, in the order `fpp --help` lists them."""

LIBRARY = ("vision", "regression", "rig", "exports", "live", "runs", "app")
"""Packages whose own exceptions are written for the user: the message is shown, no traceback."""

FAILED = 1
STOPPED = 130  # 128 + SIGINT, as shells have it
PIPE_CLOSED = 141  # 128 + SIGPIPE


class Command(Protocol):
    """What every module named in COMMANDS offers."""

    SUMMARY: str
    EXAMPLES: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do the work and return the exit code.

        For wrong usage that only shows when all arguments are known, call
        `arguments.parser.error(message)`, which exits with code 2.
        """


class ShowVersion(argparse.Action):
    """Looks the version up only when asked for it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"{parser.prog} {version('face-parameters-predictor')}")
        parser.exit()


def load_command(name: str) -> Command:
    """The module of one command of COMMANDS."""
    return cast(Command, importlib.import_module(f"scripts.{name}"))


def build_parser() -> argparse.ArgumentParser:
    """The parser of `fpp` with every command's arguments."""
    parser = argparse.ArgumentParser(
        prog="fpp",
        description="Photos of faces in, the slider values of a 3D character out.",
        epilog="`fpp COMMAND --help` explains a command and shows examples.",
    )
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        command = load_command(name)
        command_parser = commands.add_parser(
            name,
            help=command.SUMMARY,
            description=command.SUMMARY,
            epilog="examples:\n" + command.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(command_parser)
        command_parser.set_defaults(run=command.run, parser=command_parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run `fpp` with these arguments (by default the process's own) and return the exit code.

    0 success, 1 failure, 2 wrong usage (raised as SystemExit by argparse), 130 stopped by Ctrl-C.
    """
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`| head`) has gone. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED


def _run(argv: Sequence[str] | None) -> int:
    try:
        arguments = build_parser().parse_args(argv)
        return int(arguments.run(arguments))
    except KeyboardInterrupt as interrupt:
        print(f"\nStopped {interrupt}".rstrip() + ".", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        raise
    except Exception as error:
        if not _is_for_the_user(error):
            raise
        print(f"error: {error}", file=sys.stderr)
        return FAILED


def _is_for_the_user(error: Exception) -> bool:
    """Whether the message says all; anything else is a defect and keeps its traceback."""
    return isinstance(error, OSError) or (type(error).__module__.partition(".")[0] in LIBRARY)


if __name__ == "__main__":
    raise SystemExit(main())
