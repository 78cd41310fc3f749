"""`merflow why` for tables: their records name what they were made of."""

import pytest
from kept_records import keep_records

from merflow.io import records
from merflow.io.files import write_text
from merflow.workflow.provenance import origin_of

SOURCES = {
    "results/skipped.csv": ("skipped", "results/p/packed/c/x1.h5"),
    "results/delivered.csv": ("skipped", "results/p/packed/c/x1.h5"),
    "results/tables/cost.csv": ("table", "results/runs/e/x1/seed0/smic-s01/run.json"),
    "results/tables/cost.md": ("table", "results/runs/e/x1/seed0/smic-s01/run.json"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_every_table_beside_the_scores_names_what_it_was_made_of(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stage, source = SOURCES[name]
    write_text(name, "a,b\n")
    write_text(source, "x")
    keep_records()
    with records.job(stage, name) as job:
        records.check(source)
        job.done({}, [name])
    found = origin_of(tmp_path.joinpath(name).relative_to(tmp_path))
    assert (found.stage, list(found.inputs)) == (stage, [source])
