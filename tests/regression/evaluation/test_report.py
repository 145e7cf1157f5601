"""The tables hold the figures, all of them, and are the same for programs and people."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from regression.evaluation.evaluate import Evaluation
from regression.evaluation.files import write_report
from regression.evaluation.report import model_title, summary_table
from regression.measures.agreement import MEAN, STATISTICS
from tests.regression.evaluated import planted_evaluation
from vision.ratios import PROPORTION_NAMES


@pytest.fixture(scope="module")
def evaluations() -> list[Evaluation]:
    return [
        planted_evaluation("people", nested=True),
        planted_evaluation("collections", drifting=False),
    ]


@pytest.fixture(scope="module")
def folder(evaluations: list[Evaluation], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "new"
    written = write_report(evaluations, folder)
    assert sorted(written) == sorted(folder.iterdir())
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_figure_of_the_agreement_is_a_row(
    folder: Path, evaluations: list[Evaluation]
) -> None:
    found = {
        (r["split"], r["model"], r["photos"], r["proportion"], r["statistic"]): r
        for r in rows(folder / "agreement.csv")
    }
    assert len(found) == 2 * (4 * 2 * 3 * (len(PROPORTION_NAMES) + 1) + 2 * 2)
    for evaluation in evaluations:
        for model in evaluation.models:
            for kind, result in evaluation.agreements[model].items():
                for statistic in STATISTICS:
                    for name, one in result.estimates[statistic].items():
                        row = found[evaluation.split, model, kind, name, statistic]
                        for column in ("value", "low", "high"):
                            assert float(row[column]) == pytest.approx(
                                getattr(one, column), abs=6e-5
                            )
        gain = evaluation.gains["fused"]["neutral"]
        row = found[evaluation.split, "fused", "neutral", MEAN, "r_less_that_of_measured"]
        assert float(row["low"]) == pytest.approx(gain.low, abs=6e-5)


def test_consistency_and_drift_are_rows(folder: Path, evaluations: list[Evaluation]) -> None:
    found = rows(folder / "consistency.csv")
    assert len(found) == 2 * 3 * 5
    assert {row["people"] for row in found} == {"30"}
    (near, other) = rows(folder / "drift.csv")
    assert (near["model"], other["model"]) == ("landmarks", "fused")
    (one,) = evaluations[0].drift["landmarks"]
    assert float(near["moved"]) == pytest.approx(one.movement.value, abs=6e-5)
    assert (near["from"], near["to"], near["reference"]) == ("50.0", "50.0", "200.0")


def test_intervals_are_rows_per_slider_that_the_teacher_moves(
    folder: Path, evaluations: list[Evaluation]
) -> None:
    found = [row for row in rows(folder / "intervals.csv") if row["model"] == "fused"]
    one = evaluations[0].calibrations["fused"]
    assert [row["slider"] for row in found] == list(evaluations[0].slider_names[:12])
    assert [row["told"] for row in found] == ["yes"] * 10 + ["no"] * 2
    for i, row in enumerate(found):
        assert float(row["width"]) == pytest.approx(0.2)
        assert float(row["width_of_the_average_face"]) == pytest.approx(0.32)
        assert float(row["held_measured_by_hand"]) == pytest.approx(
            one.coverage.sliders[i], abs=6e-5
        )
    text = (folder / "intervals.md").read_text(encoding="utf-8")
    assert f"{100 * one.coverage.mean:.1f} % of 30 people" in text
    assert "10 of 12" in text


def test_photos_together_and_choices_are_rows(folder: Path, evaluations: list[Evaluation]) -> None:
    found = {(r["model"], r["figure"]): r for r in rows(folder / "several_photos.csv")}
    one = evaluations[0].several_photos["landmarks"]
    assert float(found["landmarks", "gain_over_one"]["low"]) == pytest.approx(
        one.gain.low, abs=6e-5
    )
    assert float(found["landmarks", "interval_held_together"]["value"]) == 0.88
    nested = rows(folder / "nested.csv")
    chosen = [r["value"] for r in nested if (r["model"], r["figure"]) == ("fused", "depth_penalty")]
    assert chosen == ["3.0", "1.0", "3.0"]
    assert "depth penalty 1 (1), 3 (2)" in (folder / "nested.md").read_text(encoding="utf-8")


def test_models_are_titled_by_what_they_are() -> None:
    assert model_title("fused") == "`fused`"
    assert model_title("fused with face_landmarker") == "`fused` with face_landmarker"
    assert model_title("measured with face_landmarker").startswith("(landmarks measured directly")


def test_every_table_has_as_many_cells_as_its_header(folder: Path) -> None:
    for path in folder.glob("*.md"):
        blocks = re.findall(r"(?:^\|.*\n)+", path.read_text(encoding="utf-8") + "\n", re.MULTILINE)
        assert blocks
        for block in blocks:
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(cells) == 1, block


def test_the_report_holds_every_section(folder: Path) -> None:
    everything = (folder / "evaluation.md").read_text(encoding="utf-8")
    assert "60 photos of 30 people" in everything
    for name in ("agreement", "nested", "intervals", "consistency", "several_photos", "drift"):
        text = (folder / f"{name}.md").read_text(encoding="utf-8")
        for section in text.split("\n## "):
            assert section.strip() in everything
    assert everything.count("## Drift") == 1
    assert everything.count("## Several photos of a person, each alone") == 2
    assert everything.count("## Several photos of a person, together") == 1


def test_the_summary_has_a_row_per_model(evaluations: list[Evaluation]) -> None:
    lines = summary_table(evaluations[0]).splitlines()
    assert len(lines) == 2 + 4
    fused = evaluations[0].agreements["fused"]["neutral"]
    assert fused.estimates["r"][MEAN].text() in lines[3]
    assert "the average face for everyone" in lines[-1]
    assert "0.00" in lines[-1]


def test_what_was_not_measured_has_no_file(tmp_path: Path) -> None:
    write_report([planted_evaluation(people=10, drifting=False)], tmp_path)
    assert not list(tmp_path.glob("drift*"))
    assert not list(tmp_path.glob("nested*"))
    assert "Drift" not in (tmp_path / "evaluation.md").read_text(encoding="utf-8")
