"""Every config that comes with merflow plans the jobs that job_counts.csv lists."""

import re

import dag_check
import pytest

EXPECTED = dag_check.counts_of(dag_check.EXPECTED.read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return dag_check.lookalikes(tmp_path_factory.mktemp("look-alikes"))


@pytest.mark.parametrize("config", dag_check.CONFIGS, ids=dag_check.name_of)
def test_a_config_plans_the_expected_jobs(config, folder):
    """After an intended change: `python tests/dag/dag_check.py --write`."""
    name = dag_check.name_of(config)
    found = {name: dag_check.jobs_of(config, folder)}
    assert dag_check.differences(found, {name: EXPECTED.get(name, {})}) == []


def test_no_config_is_expected_that_is_not_there():
    assert [*EXPECTED] == [dag_check.name_of(config) for config in dag_check.CONFIGS]


@pytest.mark.parametrize("name", ["quick", "transfer"])
def test_the_graph_of_the_rules_has_every_rule_and_no_loose_end(name, folder):
    config = dag_check.ROOT / f"config/{name}.yaml"
    text = dag_check.graph_of(config, folder)
    labels = dict(re.findall(r'^\s+(\d+)\[label = "(\w+)"', text, re.MULTILINE))
    families = {re.sub(r"(_\d+)+$", "", label) for label in labels.values()}
    assert families == {"all", *EXPECTED[name]}
    lines = re.findall(r"^\s+(\d+) -> (\d+)$", text, re.MULTILINE)
    assert {end for line in lines for end in line} == {*labels}
    assert text.rstrip().endswith("}") and text.startswith("digraph")


def test_a_changed_count_is_named_with_config_rule_and_both_numbers():
    expected = {"quick": {"align": 6, "train": 2}, "gone": {"plan": 1}}
    found = {"quick": {"align": 6, "train": 12, "flow": 6}}
    assert dag_check.differences(found, expected) == [
        "gone: plan has 0 jobs, expected 1",
        "quick: flow has 6 jobs, expected 0",
        "quick: train has 12 jobs, expected 2",
    ]
    assert dag_check.differences(expected, expected) == []


def test_the_file_of_counts_is_read_as_it_was_written():
    counts = {"one": {"align": 3, "train": 1}, "two": {"align": 7}}
    assert dag_check.counts_of(dag_check.text_of(counts)) == counts
    assert dag_check.text_of(EXPECTED) == dag_check.EXPECTED.read_text()
