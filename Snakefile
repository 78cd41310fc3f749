# merflow: from raw frames to a UF1/UAR table. Settings: config/README.md. Stages: workflow/rules/.
#   snakemake --cores all --resources gpu=1     everything the config names
#   snakemake -n                                what would run, and why

from snakemake.utils import min_version

min_version("9.20")

if (
    "experiments" not in config
):  # --configfile replaces the default, it is not laid over it

    configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/final.smk"
include: "workflow/rules/report.smk"


report: "workflow/report/workflow.rst"


onstart:
    # In one write: `print` makes two, and the logger's line could come between.
    sys.stderr.write(f"{needs.disk_said(needs.disk(PLAN))}\n")
    if not workflow.local_exec and workflow.global_resources.get("gpu").value == 1:
        sys.stderr.write(
            "note: one GPU at a time over the whole cluster, by --resources gpu=1 or profiles/default;"
            " with `--workflow-profile slurm` in place of --profile there is no such cap\n"
        )


localrules:
    all,
    aligned,
    packed,
    tables,


rule all:
    default_target: True
    input:
        "results/report.html",
        "results/skipped.csv",
        "results/manifest.json",
        rules.table.output,
        # A run that was deleted by hand is missed, although the tables made of it are there.
        [f"{run.folder}/scores.csv" for run in PLAN.scored_runs()],
        [
            f"results/oracle/{run.experiment}/{run.factor}/seed{run.seed}/oracle.csv"
            for run in PLAN.oracle_runs()
        ],


rule aligned:
    input:
        [path for name in PLAN.data.collections() for path in PLAN.stores(name, ALIGNED)],


rule packed:
    input:
        PLAN.every_packed(),


rule tables:
    input:
        rules.table.output,
