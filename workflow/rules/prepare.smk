# From raw frames to the packed file: one job per subject and stage, then one per collection.
#
# `content` and `recipe` name everything that a file depends on, back to the raw frames, in every
# rule: Snakemake does not look at a missing file in the middle of the pipeline (its job failed,
# say, after a setting changed) as long as later files exist.

passing = str if PLAN.settings.keep_intermediate else temp


# No input file: a new row in a sheet would rerun every subject, a new frame in a folder none.
# `content` is a digest of the subject's own rows and files, labels apart.
rule align:
    output:
        paths.store("align"),
    resources:
        **stage_resources("align"),
    params:
        **depends_on("align"),
        catalogue=paths.CATALOGUE,
    message:
        "{wildcards.dataset}/{wildcards.subject}: finding and aligning the face"
    shell:
        merflow(
            "align {params.catalogue:q} {output:q} --subject {wildcards.subject:q} --threads {threads}"
        )


rule crop:
    input:
        source_of("crop"),
    output:
        paths.store("crop"),
    resources:
        **stage_resources("crop"),
    params:
        **depends_on("crop"),
    message:
        "{wildcards.dataset}/{wildcards.subject}: cropping for {wildcards.preparation}"
    shell:
        merflow(
            "crop {input:q} {output:q} --preparation {wildcards.preparation:q} --threads {threads}"
        )


rule magnify:
    input:
        source_of("magnify"),
    output:
        passing(paths.store("magnify")),
    resources:
        **stage_resources("magnify"),
    params:
        **depends_on("magnify"),
    message:
        "{wildcards.dataset}/{wildcards.subject}: magnifying {wildcards.factor}"
    shell:
        merflow(
            "magnify {input:q} {output:q} --factor {wildcards.factor:q} --preparation {wildcards.preparation:q} --threads {threads}"
        )


rule interpolate:
    input:
        source_of("interpolate"),
    output:
        paths.store("interpolate"),
    resources:
        **stage_resources("interpolate"),
    params:
        **depends_on("interpolate"),
    message:
        "{wildcards.dataset}/{wildcards.subject}: interpolating {wildcards.factor}"
    shell:
        merflow(
            "interpolate {input:q} {output:q} --preparation {wildcards.preparation:q} --factor {wildcards.factor:q} --threads {threads}"
        )


rule flow:
    input:
        source_of("flow"),
    output:
        paths.store("flow"),
    resources:
        **stage_resources("flow"),
    params:
        **depends_on("flow"),
    message:
        "{wildcards.dataset}/{wildcards.subject}: optical flow {wildcards.factor}"
    shell:
        merflow(
            "flow {input:q} {output:q} --preparation {wildcards.preparation:q} --factor {wildcards.factor:q} --threads {threads}"
        )


rule pack:
    input:
        lambda w: PLAN.prepared(w.preparation, w.factor, w.collection),
    output:
        paths.store("pack"),
    resources:
        **packing_resources(),
    params:
        **depends_on("pack"),
    message:
        "{wildcards.collection}: packing {wildcards.factor} of {wildcards.preparation}"
    shell:
        merflow(
            "pack {output:q} {input:q} --preparation {wildcards.preparation:q} --factor {wildcards.factor:q}"
        )


rule skipped:
    input:
        PLAN.every_packed(),
    output:
        skipped=paths.SKIPPED,
        delivered=paths.DELIVERED,
    localrule: True
    message:
        "listing skipped clips and the delivered magnification"
    shell:
        "merflow skipped {output.skipped:q} {input:q} --delivered {output.delivered:q}"
        " > {log:q} 2>&1"
