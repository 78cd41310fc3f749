# From raw frames to the packed file: one job per subject and stage, then one per collection.
#
# What a file depends on (frames, key frames, settings, versions) stands in its record, and merflow
# compares it with the plan before Snakemake looks at times: see every_rule.smk.

passing = str if PLAN.settings.keep_intermediate else temp


# The plan of the run: config, sheets and clips, which the main process staged when it started.
rule plan:
    output:
        paths.CONFIG,
        paths.SHEETS,
        [paths.CATALOGUE.format(dataset=name) for name in PLAN.data.datasets()],
    log:
        f"{paths.LOGS}/plan.log",
    localrule: True
    message:
        "writing the plan"
    shell:
        f"merflow plan {plan_files.STAGED}/$MERFLOW_PLAN > {{log:q}} 2>&1"


rule align:
    input:
        catalogue=catalogue_of,
    output:
        store=paths.store("align"),
        frames=paths.FRAMES,
    resources:
        **stage_resources("align"),
    message:
        "{wildcards.dataset}/{wildcards.subject}: finding and aligning the face"
    shell:
        merflow(
            "align {input.catalogue:q} {output.store:q} --subject {wildcards.subject:q} --threads {threads}"
        )


rule crop:
    input:
        source=source_of("crop"),
        catalogue=catalogue_of,
    output:
        paths.store("crop"),
    resources:
        **stage_resources("crop"),
    message:
        "{wildcards.dataset}/{wildcards.subject}: cropping for {wildcards.preparation}"
    shell:
        merflow(
            "crop {input.source:q} {output:q} --catalogue {input.catalogue:q} --preparation {wildcards.preparation:q} --threads {threads}"
        )


rule magnify:
    input:
        source=source_of("magnify"),
        catalogue=catalogue_of,
    output:
        passing(paths.store("magnify")),
    resources:
        **stage_resources("magnify"),
    message:
        "{wildcards.dataset}/{wildcards.subject}: magnifying {wildcards.factor}"
    shell:
        merflow(
            "magnify {input.source:q} {output:q} --catalogue {input.catalogue:q} --factor {wildcards.factor:q} --preparation {wildcards.preparation:q} --threads {threads}"
        )


rule interpolate:
    input:
        source=source_of("interpolate"),
        catalogue=catalogue_of,
    output:
        paths.store("interpolate"),
    resources:
        **stage_resources("interpolate"),
    message:
        "{wildcards.dataset}/{wildcards.subject}: interpolating {wildcards.factor}"
    shell:
        merflow(
            "interpolate {input.source:q} {output:q} --catalogue {input.catalogue:q} --preparation {wildcards.preparation:q} --factor {wildcards.factor:q} --threads {threads}"
        )


rule flow:
    input:
        source=source_of("flow"),
        catalogue=catalogue_of,
    output:
        paths.store("flow"),
    resources:
        **stage_resources("flow"),
    message:
        "{wildcards.dataset}/{wildcards.subject}: optical flow {wildcards.factor}"
    shell:
        merflow(
            "flow {input.source:q} {output:q} --catalogue {input.catalogue:q} --preparation {wildcards.preparation:q} --factor {wildcards.factor:q} --threads {threads}"
        )


rule pack:
    input:
        stores=lambda w: PLAN.prepared(w.preparation, w.factor, w.collection),
    output:
        paths.store("pack"),
    resources:
        **packing_resources(),
    message:
        "{wildcards.collection}: packing {wildcards.factor} of {wildcards.preparation}"
    shell:
        merflow(
            "pack {output:q} {input.stores:q} --preparation {wildcards.preparation:q} --factor {wildcards.factor:q}"
        )


rule skipped:
    input:
        packs=PLAN.every_packed(),
    output:
        skipped=paths.SKIPPED,
        delivered=paths.DELIVERED,
    localrule: True
    message:
        "listing skipped clips and the delivered magnification"
    shell:
        "merflow skipped {output.skipped:q} {input.packs:q} --delivered {output.delivered:q}"
        " > {log:q} 2>&1"
