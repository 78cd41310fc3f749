# merflow: from raw frames to a UF1/UAR table. Settings: config/README.md. Stages: workflow/rules/.
#   snakemake --cores all --resources gpu=1     everything the config names
#   snakemake -n                                what would run, and why

from snakemake.utils import min_version

min_version("9.20")

if not config.keys() & {
    "experiments",
    "spotting",
}:  # --configfile replaces the default, it is not laid over it

    configfile: "config/config.yaml"


include: "workflow/rules/storage.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/final.smk"
include: "workflow/rules/spotting.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/cluster.smk"
include: "workflow/rules/every_rule.smk"


report: "workflow/report/workflow.rst"


onstart:
    begin(log)


onsuccess:
    end(log)


localrules:
    all,
    aligned,
    packed,
    tables,


# With `spotting` alone there are no tables of clips, and no report of them.
CLIP_RESULTS = [paths.REPORT, paths.SKIPPED, paths.MANIFEST, rules.table.output]


rule all:
    default_target: True
    input:
        CLIP_RESULTS if PLAN.experiments else [],
        SPOTTING_TABLES,
        # A run that was deleted by hand is computed again, although its tables exist.
        [f"{run.folder}/scores.csv" for run in PLAN.scored_runs()],
        PLAN.jitter_files(),
        [f"{paths.ORACLE}/oracle.csv".format(**vars(run)) for run in PLAN.oracle_runs()],


rule aligned:
    input:
        [
            path
            for name in PLAN.data.collections()
            for path in PLAN.stores(name, paths.store("align"))
        ],


rule packed:
    input:
        PLAN.every_packed(),


rule tables:
    input:
        rules.table.output if PLAN.experiments else [],
        SPOTTING_TABLES,
