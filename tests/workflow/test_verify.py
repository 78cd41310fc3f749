"""Tampers with a finished project: each is named by `merflow verify` and refused by its reader."""

import contextlib
import csv
import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from merflow import paths
from merflow.commands.verify import verify as command
from merflow.config.loading import load
from merflow.datasets.catalogue import read_catalogue
from merflow.errors import MerflowError
from merflow.evaluation.fold_files import read_fold
from merflow.evaluation.predictions import read_pooled, read_predictions
from merflow.evaluation.run_id import run_of
from merflow.evaluation.score_table import read_scores
from merflow.io import records
from merflow.io.clip_store import Store
from merflow.io.csv_table import read_csv
from merflow.io.packed import read_packed
from merflow.models.weights_file import description
from merflow.reporting.html.reproduction import verified
from merflow.workflow.audit_inputs import evidence_of_run
from merflow.workflow.cleanup import intermediate, stale
from merflow.workflow.cleanup import remove as delete
from merflow.workflow.plan import Plan
from merflow.workflow.pooling import check_folds, pool_run, read_truth
from merflow.workflow.remake import remake
from merflow.workflow.run_manifest import run_manifest
from merflow.workflow.stale import find_stale
from merflow.workflow.training_log import read_facts
from merflow.workflow.verified import Fault, Verified
from merflow.workflow.verify import verify

RUN = "results/runs/quick/x1/seed0"
ONE, TWO = f"{RUN}/casme2-sub01", f"{RUN}/smic-s01"
FOLD = "results/folds/quick/casme2-sub01.csv"
TRUTH = "results/truth/quick.csv"
PACKED = "results/grey32/packed/composite"


@pytest.fixture
def here(finished, tmp_path):
    """A copy of the finished project in hard links, as the working folder: write by `put` only."""
    folder = tmp_path / "a project"
    left = shutil.ignore_patterns("metadata", "log", "benchmarks")
    shutil.copytree(finished.folder, folder, symlinks=True, copy_function=os.link, ignore=left)
    with contextlib.chdir(folder):
        yield folder


def put(path, data):
    """Replace a file, size and time as they come; the original keeps its bytes."""
    data = data.encode() if isinstance(data, str) else data
    Path(path).unlink(missing_ok=True)
    Path(path).write_bytes(data)


def edit(path, old, new):
    text = Path(path).read_text()
    assert old in text
    put(path, text.replace(old, new, 1))


def put_with_time(path, data):
    stat = os.stat(path)
    put(path, data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def swap(one, two):
    a, b = Path(one).read_bytes(), Path(two).read_bytes()
    put(one, b)
    put(two, a)


def plan():
    return Plan(load("results/config.yaml"))


def as_the_truth():
    """Rewrite the predictions of a fold so that they are all right."""
    rows = list(csv.DictReader(Path(f"{ONE}/predictions.csv").read_text().splitlines()))
    truth = {r["clip"]: r["truth"] for r in csv.DictReader(Path(TRUTH).read_text().splitlines())}
    lines = [",".join(rows[0])]
    for row in rows:
        right = truth[row["clip"]]
        row |= {name: str(int(name == f"p_{right}")) for name in row if name.startswith("p_")}
        lines.append(",".join(row.values()))
    put(f"{ONE}/predictions.csv", "\n".join(lines) + "\n")


def one_probability():
    text = Path(f"{ONE}/predictions.csv").read_text()
    place = text.rindex("0.") + 3
    digit = "1" if text[place] != "1" else "2"
    put_with_time(f"{ONE}/predictions.csv", text[:place] + digit + text[place + 1 :])


def another_label():
    classes = {r["truth"] for r in csv.DictReader(Path(TRUTH).read_text().splitlines())}
    text = Path(FOLD).read_text()
    found = next(name for name in sorted(classes) if f",train,{name}" in text)
    edit(FOLD, f",train,{found}", f",train,{next(iter(classes - {found}))}")


def dropped_row():
    lines = Path(FOLD).read_text().splitlines(keepends=True)
    put(FOLD, "".join(lines[:-1]))


def damaged_weights():
    """Change a byte and keep the checksum at the end."""
    data = bytearray(Path(f"{ONE}/{paths.WEIGHTS}").read_bytes())
    data[len(data) // 2] ^= 1
    put(f"{ONE}/{paths.WEIGHTS}", bytes(data))


def copied(source, to):
    return lambda: put(to, Path(source).read_bytes())


def added(path, text="\n"):
    return lambda: put(path, Path(path).read_bytes() + text.encode())


def pooled():
    pool_run(plan(), run_of(Path(RUN)))


def stores():
    return sorted(map(str, Path("results/grey32/cropped").glob("*/*.h5")))[:2]


def opened(path):
    with Store(path):
        pass


TAMPERS = {
    # what was done: how, the file that is named, the job's function that reads it
    "predictions as the truth": (as_the_truth, f"{ONE}/predictions.csv", pooled),
    "one probability, time kept": (
        one_probability,
        f"{ONE}/predictions.csv",
        lambda: read_predictions(Path(f"{ONE}/predictions.csv")),
    ),
    "truth": (added(TRUTH), TRUTH, lambda: read_truth(TRUTH)),
    "scores": (
        added(f"{RUN}/scores.csv"),
        f"{RUN}/scores.csv",
        lambda: read_scores(f"{RUN}/scores.csv"),
    ),
    "pooled": (
        added(f"{RUN}/pooled.csv"),
        f"{RUN}/pooled.csv",
        lambda: read_pooled(f"{RUN}/pooled.csv"),
    ),
    "confusion": (added(f"{RUN}/confusion.csv"), f"{RUN}/confusion.csv", None),
    "table": (added(paths.SCORES), paths.SCORES, lambda: read_scores(paths.SCORES)),
    "effects": (
        added("results/tables/effects.csv"),
        "results/tables/effects.csv",
        lambda: run_manifest(plan()),
    ),
    "report": (added(paths.REPORT), paths.REPORT, None),
    "manifest": (added(paths.MANIFEST), paths.MANIFEST, None),
    "weights of another fold": (
        copied(f"{TWO}/{paths.WEIGHTS}", f"{ONE}/{paths.WEIGHTS}"),
        f"{ONE}/{paths.WEIGHTS}",
        lambda: description(Path(f"{ONE}/{paths.WEIGHTS}")),
    ),
    "damaged weights": (
        damaged_weights,
        f"{ONE}/{paths.WEIGHTS}",
        lambda: description(Path(f"{ONE}/{paths.WEIGHTS}")),
    ),
    "predictions swapped": (
        lambda: swap(f"{ONE}/predictions.csv", f"{TWO}/predictions.csv"),
        f"{TWO}/predictions.csv",
        pooled,
    ),
    "another label": (another_label, FOLD, lambda: read_fold(Path(FOLD))),
    "dropped row": (dropped_row, FOLD, lambda: read_fold(Path(FOLD))),
    "truncated run.json": (
        lambda: put(f"{ONE}/run.json", Path(f"{ONE}/run.json").read_text()[:40]),
        f"{ONE}/run.json",
        lambda: read_facts(Path(f"{ONE}/run.json")),
    ),
    "history": (
        added(f"{ONE}/history.csv", "9,0,1,0\n"),
        f"{ONE}/history.csv",
        lambda: read_csv(f"{ONE}/history.csv", ("epoch",)),
    ),
    "packed file of another factor": (
        copied(f"{PACKED}/x10.h5", f"{PACKED}/x1.h5"),
        f"{PACKED}/x1.h5",
        lambda: read_packed(f"{PACKED}/x1.h5"),
    ),
    "stores of two subjects swapped": (
        lambda: swap(*stores()),
        "results/grey32/cropped/casme2/sub01.h5",
        lambda: opened(stores()[0]),
    ),
    "config": (added(paths.CONFIG, "# mine\n"), paths.CONFIG, lambda: load(paths.CONFIG)),
    "catalogue": (
        lambda: edit("results/catalogue/smic.json", "negative", "positive"),
        "results/catalogue/smic.json",
        lambda: read_catalogue(Path("results/catalogue/smic.json")),
    ),
    "record deleted": (
        lambda: Path(paths.record(TRUTH)).unlink(),
        paths.record(TRUTH),
        lambda: read_truth(TRUTH),
    ),
    "record damaged": (
        lambda: put(paths.record(TRUTH), "[]"),
        paths.record(TRUTH),
        lambda: read_truth(TRUTH),
    ),
    "record of another fold": (
        copied(
            paths.record(f"{TWO}/run.json"),
            paths.record(f"{ONE}/run.json"),
        ),
        paths.record(f"{ONE}/run.json"),
        lambda: read_facts(Path(f"{ONE}/run.json")),
    ),
}


@pytest.mark.parametrize("case", TAMPERS)
def test_a_tamper_is_named_and_refused_by_its_reader(here, case):
    how, path, reader = TAMPERS[case]
    how()
    faults = {fault.path: fault for fault in verify().bad}
    assert path in faults and faults[path].fix
    if reader:
        with pytest.raises(MerflowError, match=r"merflow verify|not readable as a record|bytes do"):
            reader()


def test_a_finished_project_is_right_wherever_it_lies(here, tmp_path, capsys):
    found = verify()
    assert not found.faults and not found.notes
    assert found.frames > 100 and found.right["train"] == 48
    assert found.absent == {"magnify": 6}
    copy = tmp_path / "published"
    shutil.copytree("results", copy)
    assert verify(copy) == found
    command()
    assert "as recorded" in capsys.readouterr().out


def record_to_match(path):
    """Write into the record of a file the checksum that it has now."""
    place = paths.record(path)
    about = json.loads(Path(place).read_text())
    about["wrote"][path] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    put(place, json.dumps(about))


def test_a_record_edited_to_match_is_noticed_by_what_was_made_from_its_file(here):
    as_the_truth()
    record_to_match(f"{ONE}/predictions.csv")
    (fault,) = verify().bad
    assert fault.path.startswith(RUN) and fault.step == "score"
    assert f"another {ONE}/predictions.csv" in fault.found
    gone = remake(paths.RESULTS, verify())
    assert f"{ONE}/predictions.csv" in gone and f"{RUN}/scores.csv" in gone
    assert not any("weights" in path or "smic-s01" in path for path in gone)


def test_a_packed_file_with_a_record_to_match_has_other_pixels_than_the_folds_saw(here):
    put(f"{PACKED}/x1.h5", Path(f"{PACKED}/x10.h5").read_bytes())
    other = json.loads(Path(paths.record(f"{PACKED}/x10.h5")).read_text())
    own = json.loads(Path(paths.record(f"{PACKED}/x1.h5")).read_text())
    own["wrote"] = {f"{PACKED}/x1.h5": other["wrote"][f"{PACKED}/x10.h5"]}
    own["facts"] = other["facts"]
    put(paths.record(f"{PACKED}/x1.h5"), json.dumps(own))
    faults = verify().bad
    assert sum("trained on other clips" in fault.found for fault in faults) == 6
    with pytest.raises(MerflowError, match="other pixels of its clips"):
        check_folds(plan(), run_of(Path(RUN)))


def test_tables_beside_fresh_scores_are_named(here):
    record = records.read(paths.record(f"{RUN}/scores.csv"))
    with records.job("score", f"{RUN}/scores.csv") as job:
        put(f"{RUN}/scores.csv", Path(f"{RUN}/scores.csv").read_bytes() + b"\n")
        job.read = record.read
        job.done(record.made, record.wrote)
    made_from = [fault for fault in verify().bad if f"another {RUN}/scores.csv" in fault.found]
    assert {fault.step for fault in made_from} >= {"table"}
    assert any(one.step == "table" for one in find_stale(full_plan()).stale)


def full_plan():
    return Plan.read(load("config.yaml"))


def test_a_frame_whose_size_and_time_were_kept_is_named_and_made_again(here):
    frame = sorted(Path("faces/smic").rglob("*.bmp"))[5]
    data = bytearray(frame.read_bytes())
    data[-1] ^= 255
    put_with_time(frame, bytes(data))
    (fault,) = verify().bad
    assert (fault.path, fault.state) == (str(frame), "changed")
    remake(paths.RESULTS, verify())
    assert frame.exists()
    assert {one.step for one in find_stale(full_plan()).stale} >= {"align", "train", "table"}


def test_a_dataset_that_is_not_there_is_named_once(here):
    shutil.rmtree("faces/samm")
    for catalogue in Path("results/catalogue").glob("*.json"):  # of a project that moved
        text = catalogue.read_text()
        put(catalogue, text.replace(json.loads(text)[0]["folder"].split("/faces/")[0], "/gone"))
        record_to_match(str(catalogue))
    (fault,) = verify().bad
    assert (fault.path, fault.state) == ("faces/samm", "missing")


def test_all_damaged_files_come_in_one_round_and_only_they_are_deleted(here, capsys):
    named = ["one probability, time kept", "truth", "table", "config", "report", "history"]
    for case in named:
        TAMPERS[case][0]()
    put("results/tables/mine.csv", "1")
    put("results/notes.txt", "mine")
    with pytest.raises(SystemExit) as left:
        command(json=True, remake=True)
    assert left.value.code == 2
    found = json.loads(capsys.readouterr().out)
    paths_named = {row["path"] for row in found["changed"]}
    assert paths_named == {TAMPERS[case][1] for case in named}
    assert all(row["made_by"] and row["to_do"] for row in found["changed"])
    unknown = {row["path"] for row in found["unknown"]}
    assert unknown == {"results/tables/mine.csv", "results/notes.txt"}
    assert not verify().of("changed") and Path(paths.CONFIG).exists()
    for path in paths_named - {paths.CONFIG}:
        assert not Path(path).exists() and not Path(paths.record(path)).exists()
    assert all(Path(path).exists() for path in unknown)
    assert Path(f"{TWO}/predictions.csv").exists() and Path(f"{ONE}/run.json").exists()
    steps = {one.step for one in find_stale(full_plan()).stale}
    assert steps >= {"split", "train", "table"}


def test_unknown_files_count_under_strict_only(here):
    for path in ("logs/x.log", f"{ONE.removeprefix('results/')}/live.csv", ".gitkeep"):
        put(f"results/{path}", "")
    command(strict=True)
    put("results/notes.h5", "mine")
    command()
    with pytest.raises(SystemExit) as left:
        command(strict=True)
    assert left.value.code == 1


def test_deleted_files_are_missing_and_what_clean_deletes_is_absent(here):
    for path in (f"{ONE}/run.json", "results/delivered.csv"):
        Path(path).unlink()
    for store in Path("results/grey32/cropped").rglob("*.h5"):
        store.unlink()
    found = verify()
    assert {fault.path for fault in found.of("missing")} == {
        f"{ONE}/run.json",
        "results/delivered.csv",
    }
    assert len(found.bad) == 2 and found.absent["crop"] == 6


def test_what_clean_deletes_leaves_no_fault(here):
    run = Path(RUN.replace("/quick/", "/earlier/"))
    shutil.copytree(RUN, run)
    for path in sorted(run.rglob("*.*")):
        known = records.read(paths.record(path))
        files = {*(known.wrote if known else ()), str(path)}
        with records.job("train", path) as job:
            job.done({}, files)
    assert not verify().faults
    assert Path(paths.record(run / "scores.csv")).exists()
    delete(stale(full_plan()))
    assert not run.exists() and not verify().faults
    delete(intermediate())
    assert not verify().faults and verify().absent["interpolate"] == 12


def test_folds_are_not_trained_again_for_a_packed_file_or_fold_file(here):
    for case in ("packed file of another factor", "dropped row"):
        TAMPERS[case][0]()
    assert set(remake(paths.RESULTS, verify())) == set(map(paths.record, (f"{PACKED}/x1.h5", FOLD)))
    assert not verify().of("changed")
    assert {one.step for one in find_stale(full_plan()).stale} == {"pack", "split"}
    for _, path, reader in (TAMPERS["packed file of another factor"], TAMPERS["dropped row"]):
        assert Path(path).exists()
        with pytest.raises(MerflowError, match="nothing shows which job wrote it"):
            reader()


def test_a_changed_store_is_absent_once_it_was_deleted(here):
    one, two = stores()
    put(one, Path(two).read_bytes())
    assert remake(paths.RESULTS, verify()) == [one]
    for path in (two, paths.record(two)):
        Path(path).unlink()
    found = verify()
    assert not found.faults and found.absent["crop"] == 1
    assert not find_stale(full_plan()).stale
    for path in Path("results/aligned").rglob("*.h5"):
        path.unlink()
    assert not verify().faults and not find_stale(full_plan()).stale


def test_results_without_records_are_one_fault(here):
    shutil.rmtree(paths.RECORDS)
    (fault,) = verify().bad
    assert (fault.path, fault.state) == (paths.RECORDS, "missing")


def test_the_audit_of_a_run_looks_at_its_own_chain(here):
    recorded = evidence_of_run(Path(RUN), plan()).recorded
    assert recorded.files > 60 and not recorded.faults
    damaged_weights()
    added("results/runs/quick/x10/seed0/scores.csv")()
    recorded = evidence_of_run(Path(RUN), plan()).recorded
    assert [fault.split(":")[0] for fault in recorded.faults] == [f"{ONE}/{paths.WEIGHTS}"]


def test_the_report_names_the_files_behind_its_tables(here):
    line = "as recorded, 0 changed, 0 missing"
    assert line in Path(paths.REPORT).read_text() and line in verified(plan())
    added(f"{ONE}/predictions.csv")()
    assert f"1 changed, 0 missing, first {ONE}/predictions.csv" in verified(plan())


def test_whoever_rewrites_the_end_of_the_chain_with_its_record_is_not_noticed(here):
    """What a checksum cannot show (SECURITY.md)."""
    added(paths.REPORT)()
    record_to_match(paths.REPORT)
    assert not verify().bad


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(MerflowError, match="no such folder"):
        command(tmp_path / "nowhere")


def test_nothing_outside_the_project_can_be_deleted(tmp_path):
    results, mine = tmp_path / "project" / "results", tmp_path / "mine.csv"
    results.mkdir(parents=True)
    mine.write_text("mine")
    for path in ("results/../../mine.csv", "../mine.csv", str(mine)):
        remake(results, Verified(faults=[Fault("x", "changed", "", remake=(path,))]))
    assert mine.exists()
