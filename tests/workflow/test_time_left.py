"""The time left of a run, against recorded runs: which job started and ended when.

tests/helpers/timelines: `quick` and `demo` (124 jobs) ran on two idle cores without a GPU. `quick_busy`
ran while others used the machine, when six folds were one job; its trainings are divided evenly.
"""

import csv
import json
import statistics
from collections import Counter
from pathlib import Path

import pytest

from merflow.config.loading import load
from merflow.config.settings import Experiment, Settings
from merflow.synthetic.generate import demo_dataset, write_dataset
from merflow.workflow.forecast import FOLDS, measured_rate
from merflow.workflow.job_costs import as_tuples, job_costs
from merflow.workflow.plan import Plan
from merflow.workflow.resources import fits
from snakemake_logger_plugin_merflow.forecast import Costs, Forecast

ROOT = Path(__file__).parents[2]
TIMELINES = ROOT / "tests/helpers/timelines"


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    """Plans of the demo and of the quick demo; their datasets have no pictures."""
    folder, found = tmp_path_factory.mktemp("plans"), {}
    for name, config, size in (("demo", "config", (3, 6)), ("quick", "quick", (2, 3))):
        settings = load(ROOT / f"config/{config}.yaml")
        entries = {}
        for dataset, entry in settings.datasets.items():
            root = folder / name / dataset
            clips = demo_dataset(dataset).plan(*size, small=name == "quick")
            write_dataset(root, dataset, clips, frames=False)
            entries[dataset] = entry.model_copy(update={"root": str(root)})
        found[name] = Plan.read(settings.model_copy(update={"datasets": entries}))
    return found


def replay(timeline, costs):
    """Return (estimate, truth) in seconds at the start and after every job of a recorded run."""
    with open(TIMELINES / f"{timeline}.csv", newline="") as file:
        rows = [(r["rule"], float(r["started"]), float(r["ended"])) for r in csv.DictReader(file)]
    end = max(ended for *_, ended in rows)
    events = [(started, 1, job) for job, (_, started, _) in enumerate(rows)]
    # Times are whole seconds: a job may end in the second in which it started.
    events += [(b, 2 if a == b else 0, job) for job, (_, a, b) in enumerate(rows)]
    forecast = Forecast(dict(Counter(rule for rule, *_ in rows)), 0.0, costs)
    found = [(forecast.left(0.0), end)]
    for now, kind, job in sorted(events):
        if kind == 1:
            forecast.start(job, rows[job][0], "", now)
        elif forecast.finish(job, now) and now < end:
            found.append((forecast.left(now), end - now))
    assert forecast.done == len(rows) and forecast.left(end) == 0
    return found, end


def of(plans, name, cores=2):
    return Costs(as_tuples(job_costs(plans[name], {})), cores, 1)


def mean_error(found, end):
    """Return the mean error as a share of the length of the run."""
    return statistics.mean(abs(estimate - truth) / end for estimate, truth in found)


def test_on_an_idle_machine_nearly_every_line_is_right_within_a_fifth_of_the_run(plans):
    """The line after the first fold is not: it took the start of TensorFlow, which others share."""
    found, end = replay("quick", of(plans, "quick"))
    errors = sorted(abs(estimate - truth) for estimate, truth in found)
    assert errors[-3] < 0.2 * end and errors[-1] < 0.5 * end
    assert mean_error(found, end) < 0.1


def test_training_counts_before_the_first_one_has_ended(plans):
    """Without a GPU, two at a time. After 70 of 124 jobs, 45 trainings of 2.4 s are left."""
    aware = of(plans, "demo")._replace(gpus=0)
    found, end = replay("demo", aware)
    assert all(truth / 2 < estimate < 2 * truth for estimate, truth in found[:-5])
    assert mean_error(found, end) < 0.1
    unaware, _ = replay("demo", Costs({}, 2, 0))
    assert unaware[64][0] < 0.6 * unaware[64][1]
    assert mean_error(unaware, end) > 1.5 * mean_error(found, end)


def test_a_slow_machine_is_known_after_a_quarter_of_the_jobs(plans):
    found, end = replay("quick_busy", of(plans, "quick"))
    assert found[0][0] < 0.5 * found[0][1]
    assert all(truth / 1.7 < estimate < 1.7 * truth for estimate, truth in found[10:-4])
    assert mean_error(found, end) < 0.15


def test_on_a_cluster_the_jobs_that_ran_together_count(plans):
    """Cores are unknown there; the measured number of jobs at a time stands in."""
    found, _ = replay("quick", of(plans, "quick", cores=0))
    assert all(truth / 2 < estimate < 2 * truth for estimate, truth in found[5:-5])


def test_every_rule_that_ran_has_a_cost(plans):
    for timeline, name in (("demo", "demo"), ("quick", "quick")):
        with open(TIMELINES / f"{timeline}.csv", newline="") as file:
            rules = {row["rule"] for row in csv.DictReader(file)}
        known = {*job_costs(plans[name], {}), "split_0", "split_1"}
        assert rules <= known


def test_trainings_take_the_cores_and_gpus_of_their_settings(plans):
    costs = job_costs(plans["demo"], {})
    train = costs["train"]
    assert (train.cores, train.gpus) == (1, 1)
    raw = plans["demo"].settings.model_dump(mode="json")
    for entry in raw["experiments"].values():
        entry["training"] |= {"epochs": 200, "device": "cpu", "threads": 2}
    more = job_costs(Plan(Settings.model_validate(raw), plans["demo"].data.clips), {})["train"]
    assert (more.cores, more.gpus) == (2, 0) and more.seconds > 5 * train.seconds
    for entry in raw["experiments"].values():
        entry["training"] |= {"device": "gpu", "gpu_share": 4}
    more = job_costs(Plan(Settings.model_validate(raw), plans["demo"].data.clips), {})["train"]
    assert more.gpus == 0.25


def test_trainings_that_share_a_gpu_end_sooner():
    def left(part):
        return Forecast({"train": 8}, 0.0, Costs({"train": (100.0, 1, part)}, 8, 1)).left(0.0)

    assert left(1) == pytest.approx(800) and left(0.25) == pytest.approx(200)


def test_stores_made_together_cost_more_than_one(plans):
    together = {"magnify": [("grey64", "x10", "x25", "x50"), ("grey64", "x10", "x25")]}
    costs = job_costs(plans["demo"], together)
    three, two, one = (costs[name].seconds for name in ("magnify", "magnify_1", "magnify_2"))
    assert three > two > one > 0.4


def test_folds_of_other_methods_hide_no_measured_time(tmp_path):
    for name, network, seconds in (("flow", "offapexnet", 80), ("video", "cnn3d", 20)):
        for number in range(FOLDS + 8):
            path = tmp_path / f"runs/{name}/x1/seed0/s{number:02d}/run.json"
            path.parent.mkdir(parents=True)
            facts = {"recipe": {"method": "keras", "network": network}, "seconds": seconds}
            path.write_text(json.dumps(facts | {"train_clips": 10, "epochs": 2}))
    assert measured_rate("cnn3d", tmp_path) == pytest.approx((0.7, 1.5))
    assert measured_rate("offapexnet", tmp_path) == pytest.approx((2.8, 6))
    assert measured_rate("flow_svm", tmp_path) is None


def test_inner_folds_multiply_the_fits():
    def of(**given):
        return fits(Experiment(preparation="p", collection="c", **given))

    inner = {"stopping": "inner", "inner_folds": 3}
    assert [of(), of(training=inner), of(nested=True, training=inner)] == [1, 4, 16]


def test_rules_of_merflow_as_a_module_have_their_cost():
    costs = Costs({"crop_1": (100.0, 1, 0)}, 1, 0)
    assert Forecast({"mer_crop_1": 2}, 0.0, costs).left(0.0) == pytest.approx(200, abs=1)
