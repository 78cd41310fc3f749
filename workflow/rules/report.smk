# Tables, report and run manifest.

_pooled = [f"{run.folder}/pooled.csv" for run in PLAN.scored_runs()]


rule table:
    input:
        scores=[f"{run.folder}/scores.csv" for run in PLAN.scored_runs()],
        pooled=_pooled,
    output:
        [table_file(name) for name in paths.TABLE_FILES],
    localrule: True
    params:
        recipe=run_fingerprints.tables(PLAN),
    message:
        "writing the tables"
    shell:
        merflow("table results/tables {input.scores:q}")


rule report:
    input:
        tables=rules.table.output,
        pooled=_pooled,
        skipped=paths.SKIPPED,
        delivered=paths.DELIVERED,
    output:
        report(paths.REPORT, caption="../report/report.rst", category="Report"),
    localrule: True
    params:
        recipe=run_fingerprints.report(PLAN),
    message:
        "writing results/report.html"
    shell:
        merflow("report {output:q}")


# `record`, today `merflow provenance`: another command here would rerun this rule.
rule manifest:
    input:
        tables=rules.table.output,
        pooled=_pooled,
        skipped=paths.SKIPPED,
    output:
        report(paths.MANIFEST, caption="../report/manifest.rst", category="Provenance"),
    localrule: True
    params:
        recipe=run_fingerprints.report(PLAN),
    message:
        "writing results/manifest.json"
    shell:
        merflow("record {output:q}")
