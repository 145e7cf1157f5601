"""`fpp data`: look at tables of faces, clean them, and divide them by person."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SUMMARY = "Describe, clean and split tables of faces."
EXAMPLES = """\
  fpp data describe data/train/faces.parquet --out out/description
  fpp data clean study.csv --out out/clean          what was dropped, and why: dropped.csv
  fpp data clean study.csv --out out/clean --keep noise --keep duplicate
  fpp data split out/clean/faces.parquet --out out/data --seed 1
  fpp data split a.csv b.csv --out out/data --stratify source --schema study.toml

A table is a CSV or Parquet file with a row per face: 128 columns of an encoding, or the landmark
features, and columns of slider values. Columns of other names are recognised by their values, or
named in a schema file; docs/tables.md says how, and what is in the files that are written.
"""

RULES = ("failed", "impossible", "duplicate", "noise")
_LINE_WIDTH = 70


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    lines = EXAMPLES.splitlines()

    def add(name: str, summary: str, description: str) -> argparse.ArgumentParser:
        examples = [line for line in lines if line.startswith(f"  fpp data {name}")]
        return actions.add_parser(
            name,
            help=summary,
            description=description,
            epilog="examples:\n" + "\n".join(examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    describe = add(
        "describe",
        "figures per column, missing values, outliers, duplicate people, correlations",
        "Say what is in tables, together: columns.csv, outliers.csv, duplicates.csv,\n"
        "description.md, distributions.png and correlations.png.",
    )
    describe.add_argument("tables", nargs="+", type=Path, metavar="TABLE")
    describe.set_defaults(action=_describe)

    clean = add(
        "clean",
        "drop rows by named rules, each with its reason",
        "Drop rows by named rules: faces.parquet with the others, dropped.csv with the rule and\n"
        "the reason of each that is not in it, cleaning.md. The table itself is not changed.",
    )
    clean.add_argument("tables", nargs=1, type=Path, metavar="TABLE")
    clean.add_argument(
        "--keep",
        choices=RULES,
        action="append",
        default=[],
        help="switch this rule off (may be given again)",
    )
    clean.set_defaults(action=_clean)

    split = add(
        "split",
        "divide into train, validation and test by person",
        "Divide tables by person: DIR/train/faces.parquet, DIR/validation/faces.parquet,\n"
        "DIR/test/faces.parquet, and split.json. Nobody is in two of them, and people with nearly\n"
        "the same features stay together.",
    )
    split.add_argument("tables", nargs="+", type=Path, metavar="TABLE")
    split.add_argument(
        "--fractions",
        type=_fractions,
        default=(0.8, 0.1, 0.1),
        metavar="TRAIN,VALIDATION,TEST",
        help="shares of the rows (default: 0.8,0.1,0.1)",
    )
    split.add_argument("--seed", type=int, default=0, help="another one draws others (default: 0)")
    split.add_argument(
        "--stratify",
        metavar="COLUMN",
        help="spread this column's values evenly over the parts (default: how far a person's "
        "sliders are from everybody's mean)",
    )
    split.set_defaults(action=_split)

    for action in (describe, clean, split):
        action.add_argument(
            "--out", type=Path, required=True, metavar="DIR", help="folder to write"
        )
        action.add_argument(
            "--schema",
            type=Path,
            metavar="FILE",
            help="a TOML file that says which columns are what (default: they are recognised)",
        )
        action.add_argument(
            "--head",
            type=Path,
            metavar="FILE",
            help="the landmark head whose sliders to look for (default: the one that ships with "
            "the models)",
        )


def _fractions(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        shares = ()
    if len(shares) != 3 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no three shares with the sum 1, as in 0.8,0.1,0.1"
        )
    return shares


def run(arguments: argparse.Namespace) -> int:
    """Do the action that was named."""
    out: Path = arguments.out
    if out.exists() and not out.is_dir():
        arguments.parser.error(f"argument --out: {out} is a file; name a folder, existing or not")
    return int(arguments.action(arguments))


def _slider_names(arguments: argparse.Namespace) -> tuple[str, ...]:
    from regression.models.model_files import shipped_models
    from rig.landmark_head import load_landmark_head

    return load_landmark_head(arguments.head or shipped_models() / "head.npz").slider_names


def _progress() -> Callable[[str], None]:
    """Shows what is being done in one line that changes, where somebody watches."""
    watched = sys.stderr.isatty()

    def report(step: str) -> None:
        if watched:
            print(f"\r{step + ' ...':<{_LINE_WIDTH}}", end="", file=sys.stderr, flush=True)

    return report


def _end_progress() -> None:
    if sys.stderr.isatty():
        print(f"\r{'':<{_LINE_WIDTH}}\r", end="", file=sys.stderr, flush=True)


def _describe(arguments: argparse.Namespace) -> int:
    """Describe the tables and print the figures that matter most."""
    from regression.datasets.description_files import describe_tables

    try:
        found = describe_tables(
            arguments.tables,
            arguments.out,
            arguments.schema,
            _slider_names(arguments),
            _progress(),
        )
    finally:
        _end_progress()
    schema = found.schema
    print(
        f"Rows: {len(found.table)}. People: {found.table['person'].nunique()}. Features: "
        f"{len(schema.features)}. Sliders: {len(schema.sliders)}."
    )
    print(
        f"Missing values: {int(found.columns['missing'].sum())}. Rows with outliers: "
        f"{found.outliers['row'].nunique()}. People under two names: {found.duplicate_people}."
    )
    print(f"All of it is in {arguments.out / 'description.md'}")
    return 0


def _clean(arguments: argparse.Namespace) -> int:
    """Clean the table and print how many rows each rule dropped."""
    from regression.datasets.cleaning import clean_table

    try:
        found = clean_table(
            arguments.tables[0],
            arguments.out,
            arguments.schema,
            _slider_names(arguments),
            arguments.keep,
            _progress(),
        )
    finally:
        _end_progress()
    for rule, count in found.counts().items():
        print(f"{rule:<12}{'switched off' if rule in arguments.keep else count}")
    for note in found.notes:
        print(note, file=sys.stderr)
    print(
        f"{int(found.keep.sum())} of {len(found.keep)} rows are in "
        f"{arguments.out / 'faces.parquet'}, the others in {arguments.out / 'dropped.csv'}"
    )
    return 0


def _split(arguments: argparse.Namespace) -> int:
    """Divide the tables and print what is where."""
    from regression.datasets.splitting import split_tables

    record = split_tables(
        arguments.tables,
        arguments.out,
        arguments.fractions,
        arguments.seed,
        arguments.stratify,
        arguments.schema,
        _slider_names(arguments),
    )
    for part, rows in record["rows"].items():
        people = record["people"][part]
        print(f"{part:<12}{rows} rows, {people} people: {arguments.out / part / 'faces.parquet'}")
    for people in record["look_alikes_kept_together"][:10]:
        print(f"kept together, nearly the same features: {', '.join(people)}", file=sys.stderr)
    more = len(record["look_alikes_kept_together"]) - 10
    if more > 0:
        print(f"... and {more} more groups: split.json", file=sys.stderr)
    return 0


if __name__ == "__main__":
    # Python puts scripts/ first on the path, where rig.py would hide the package rig.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from scripts.main import main

    raise SystemExit(main([Path(__file__).stem, *sys.argv[1:]]))
