# From raw frames to the packed file: one job per subject and stage, then one per collection.
#
# What a file depends on (frames, key frames, settings, versions) stands in its record, and merflow
# compares it with the plan before Snakemake looks at times: see every_rule.smk.

ARCHIVE_FLAG = " --archive {input.archive:q}" if ARCHIVED else ""
ARCHIVES = " {input.archives:q}" if ARCHIVED else ""

passing = str if PLAN.settings.keep_intermediate else temp


# The plan of the run: config, sheets and clips, which the main process staged when it started.
rule plan:
    output:
        paths.CONFIG,
        paths.SHEETS,
        paths.STAGES,
        [paths.CATALOGUE.format(dataset=name) for name in PLAN.data.datasets()],
    log:
        f"{paths.LOGS}/plan.log",
    localrule: True
    message:
        "writing the plan"
    shell:
        f"merflow plan {plan_files.STAGED}/$MERFLOW_PLAN > {{log:q}} 2>&1"


if ARCHIVED:

    rule archive:
        input:
            catalogue=CATALOGUE,
        output:
            archive=temp(paths.RAW),
        localrule: True
        message:
            "{wildcards.dataset}/{wildcards.subject}: packing its raw frames for the nodes"
        shell:
            "merflow archive {input.catalogue:q} {output.archive:q} --subject {wildcards.subject:q}"
            " > {log:q} 2>&1"


rule align:
    input:
        **archive_of_subject(),
        catalogue=CATALOGUE,
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
            f"{ARCHIVE_FLAG}"
        )


# Crop and magnify make several stores in one job where the same subjects need them: preparations
# that read the same frames, factors of one motion. Their names stand in the paths of the stores.
# The stages after them cannot: a job of several sources has other inputs than a job of one, and
# Snakemake makes a file again if its inputs are others than last time.

for _name, _batch in joined_rules("crop"):

    rule:
        name:
            _name
        input:
            **archive_of_subject(),
            source=source_of("crop"),
            catalogue=CATALOGUE,
        output:
            made=each_of("crop", "preparation", _batch),
        log:
            place_of(paths.LOGS, "crop", "preparation", _batch),
        benchmark:
            place_of(paths.BENCHMARKS, "crop", "preparation", _batch)
        resources:
            **stage_resources("crop", _batch),
        message:
            f"{{wildcards.dataset}}/{{wildcards.subject}}: cropping for {listed('preparation', _batch)}"
        shell:
            merflow(
                "crop {input.source:q} {output:q} --catalogue {input.catalogue:q} --threads {threads}"
                f"{ARCHIVE_FLAG}"
            )


for _name, _batch in joined_rules("magnify"):

    rule:
        name:
            _name
        input:
            source=source_of("magnify"),
            catalogue=CATALOGUE,
        output:
            made=[
                passing(path)
                for path in each_of("magnify", "factor", _batch[1:], _batch[:1])
            ],
        log:
            place_of(paths.LOGS, "magnify", "factor", _batch[1:]),
        benchmark:
            place_of(paths.BENCHMARKS, "magnify", "factor", _batch[1:])
        resources:
            **stage_resources("magnify", _batch[1:]),
        message:
            f"{{wildcards.dataset}}/{{wildcards.subject}}: magnifying {listed('factor', _batch[1:])}"
        shell:
            merflow(
                "magnify {input.source:q} {output:q} --catalogue {input.catalogue:q} --threads {threads}"
            )


rule interpolate:
    input:
        source=source_of("interpolate"),
        catalogue=CATALOGUE,
    output:
        made=paths.store("interpolate"),
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
        catalogue=CATALOGUE,
    output:
        made=paths.store("flow"),
    resources:
        **stage_resources("flow"),
    message:
        "{wildcards.dataset}/{wildcards.subject}: optical flow {wildcards.factor}"
    shell:
        merflow(
            "flow {input.source:q} {output:q} --catalogue {input.catalogue:q} --preparation {wildcards.preparation:q} --factor {wildcards.factor:q} --threads {threads}"
        )


# Clips that enter interpolated are packed from their own files, named by the catalogues.
rule pack:
    input:
        **archives_of_collection(),
        stores=lambda w: PLAN.prepared(w.preparation, w.factor, w.collection),
        catalogues=lambda w: ancient(PLAN.catalogues(w.collection)),
    output:
        made=paths.store("pack"),
    resources:
        **packing_resources(),
    message:
        "{wildcards.collection}: packing {wildcards.factor} of {wildcards.preparation}"
    shell:
        merflow(
            f"pack {{output:q}} {{input.stores:q}} {{input.catalogues:q}}{ARCHIVES} --preparation {{wildcards.preparation:q}} --factor {{wildcards.factor:q}}"
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
