# The tables and the report: what a reader sees.


rule table:
    input:
        scores=[f"{run.folder}/scores.csv" for run in PLAN.scored_runs()],
        pooled=[f"{run.folder}/pooled.csv" for run in PLAN.scored_runs()],
    output:
        [
            report(
                f"results/tables/{name}",
                caption="../report/table.rst",
                category="Tables",
            )
            for name in (
                "scores.csv",
                "scores.xlsx",
                "scores.md",
                "scores.tex",
                "scores.txt",
                "effects.csv",
                "cost.csv",
                "cost.md",
            )
        ],
    log:
        "results/logs/table.log",
    localrule: True
    conda:
        "../../envs/merflow.yaml"
    params:
        recipe=run_fingerprints.tables(PLAN),
    message:
        "writing the tables"
    shell:
        "merflow table results/tables {input.scores:q} --config results/config.yaml > {log:q} 2>&1"


rule report:
    input:
        tables=rules.table.output,
        pooled=[f"{run.folder}/pooled.csv" for run in PLAN.scored_runs()],
        skipped="results/skipped.csv",
        delivered="results/delivered.csv",
    output:
        report(
            "results/report.html",
            caption="../report/report.rst",
            category="Report",
        ),
    log:
        "results/logs/report.log",
    localrule: True
    conda:
        "../../envs/merflow.yaml"
    params:
        recipe=run_fingerprints.report(PLAN),
    message:
        "writing results/report.html"
    shell:
        "merflow report {output:q} --config results/config.yaml > {log:q} 2>&1"


rule manifest:
    input:
        tables=rules.table.output,
        pooled=[f"{run.folder}/pooled.csv" for run in PLAN.scored_runs()],
        skipped="results/skipped.csv",
    output:
        report(
            "results/manifest.json",
            caption="../report/manifest.rst",
            category="Provenance",
        ),
    log:
        "results/logs/manifest.log",
    localrule: True
    conda:
        "../../envs/merflow.yaml"
    params:
        recipe=run_fingerprints.report(PLAN),
    message:
        "writing results/manifest.json"
    shell:
        "merflow record {output:q} --config results/config.yaml > {log:q} 2>&1"
