"""Final models of external programs: planned for those that keep a model, refused for the others."""

import pytest

from merflow.config.loading import load
from merflow.errors import MerflowError
from merflow.evaluation.run_id import Run
from merflow.workflow.final_model import train_final
from merflow.workflow.plan import Plan


def test_final_models_are_planned_for_programs_of_contract_2_only(fresh):
    quick = fresh.config["experiments"].pop("quick")
    entry = {name: quick[name] for name in ("preparation", "factors", "collection")}
    entry |= {"method": "command", "command": "true"}
    fresh.config["experiments"] = {"lost": entry, "kept": {**entry, "contract": 2}}
    assert fresh.jobs("finals")["final"] == 2, "two factors of `kept`"
    plan = Plan(load(fresh.write_config()))
    with pytest.raises(MerflowError, match=r"cannot be saved(?s:.)*contract: 2"):
        train_final(plan, Run("lost", "x1", 0), None, fresh.path("results/final"))
