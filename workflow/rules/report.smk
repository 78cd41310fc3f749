# Tables, report and run manifest.

_pooled = [f"{run.folder}/pooled.csv" for run in PLAN.scored_runs()]


rule table:
    input:
        scores=[f"{run.folder}/scores.csv" for run in PLAN.scored_runs()],
        pooled=_pooled,
        delivered=paths.DELIVERED,
        jitter=PLAN.jitter_files(),
    output:
        [table_file(name) for name in paths.TABLE_FILES],
    localrule: True
    message:
        "writing the tables"
    shell:
        merflow("table results/tables {input.scores:q}")


rule report:
    input:
        tables=rules.table.output,
        spotting=SPOTTING_TABLES,
        pooled=_pooled,
        skipped=paths.SKIPPED,
        delivered=paths.DELIVERED,
    output:
        made=report(paths.REPORT, caption="../report/report.rst", category="Report"),
    localrule: True
    message:
        "writing results/report.html"
    shell:
        merflow("report {output:q} --figures --methods --cards")


rule manifest:
    input:
        tables=rules.table.output,
        pooled=_pooled,
        skipped=paths.SKIPPED,
    output:
        made=report(
            paths.MANIFEST, caption="../report/manifest.rst", category="Provenance"
        ),
    localrule: True
    message:
        "writing results/manifest.json"
    shell:
        merflow("provenance {output:q}")
