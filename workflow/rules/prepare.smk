# From raw frames to the training array: one job per subject and stage, then one per collection.
#
# `content` and `recipe` say everything that a file depends on, back to the raw frames. They are
# repeated in every rule on purpose: Snakemake does not look at a missing file in the middle of the
# chain (its job failed, say, after a setting changed) as long as later files exist.


rule align:
    # No input file: a new row in a sheet would rerun every subject, a new frame in a folder none.
    # `content` is a digest of the subject's own rows and files, labels apart.
    output:
        ALIGNED,
    log:
        "results/logs/align/{dataset}/{subject}.log",
    benchmark:
        "results/benchmarks/align/{dataset}/{subject}.tsv"
    group:
        "subject"
    conda:
        "../../envs/merflow.yaml"
    threads: 1
    resources:
        mem_mb=memory_of("align"),
        runtime=minutes_of("align"),
    params:
        catalogue="results/catalogue/{dataset}.json",
        content=lambda w: PLAN.data.content(w.dataset, w.subject),
        recipe=lambda w: recipes.of_stage(PLAN.settings, "align"),
    message:
        "{wildcards.dataset}/{wildcards.subject}: finding and aligning the face"
    shell:
        "merflow align {params.catalogue:q} {output:q} --subject {wildcards.subject:q}"
        " --threads {threads} --config results/config.yaml > {log:q} 2>&1"


rule crop:
    input:
        ALIGNED,
    output:
        "results/{preparation}/cropped/{dataset}/{subject}.h5",
    log:
        "results/logs/crop/{preparation}/{dataset}/{subject}.log",
    benchmark:
        "results/benchmarks/crop/{preparation}/{dataset}/{subject}.tsv"
    group:
        "subject"
    conda:
        "../../envs/merflow.yaml"
    threads: 1
    resources:
        mem_mb=memory_of("crop"),
        runtime=minutes_of("crop"),
    params:
        content=lambda w: PLAN.data.content(w.dataset, w.subject),
        recipe=lambda w: recipes.of_stage(PLAN.settings, "crop", w.preparation),
    message:
        "{wildcards.dataset}/{wildcards.subject}: cropping for {wildcards.preparation}"
    shell:
        "merflow crop {input:q} {output:q} --preparation {wildcards.preparation:q}"
        " --threads {threads} --config results/config.yaml > {log:q} 2>&1"


rule magnify:
    input:
        "results/{preparation}/cropped/{dataset}/{subject}.h5",
    output:
        passing("results/{preparation}/magnified/{factor}/{dataset}/{subject}.h5"),
    log:
        "results/logs/magnify/{preparation}/{factor}/{dataset}/{subject}.log",
    benchmark:
        "results/benchmarks/magnify/{preparation}/{factor}/{dataset}/{subject}.tsv"
    group:
        "subject"
    conda:
        "../../envs/merflow.yaml"
    threads: 1
    resources:
        mem_mb=memory_of("magnify"),
        runtime=minutes_of("magnify"),
    params:
        content=lambda w: PLAN.data.content(w.dataset, w.subject),
        recipe=lambda w: recipes.of_stage(PLAN.settings, "magnify", w.preparation, w.factor),
    message:
        "{wildcards.dataset}/{wildcards.subject}: magnifying {wildcards.factor}"
    shell:
        "merflow magnify {input:q} {output:q} --factor {wildcards.factor:q}"
        " --preparation {wildcards.preparation:q} --threads {threads}"
        " --config results/config.yaml > {log:q} 2>&1"


rule interpolate:
    input:
        branch(
            lambda w: w.factor == "x1",
            then="results/{preparation}/cropped/{dataset}/{subject}.h5",
            otherwise="results/{preparation}/magnified/{factor}/{dataset}/{subject}.h5",
        ),
    output:
        "results/{preparation}/interpolated/{factor}/{dataset}/{subject}.h5",
    log:
        "results/logs/interpolate/{preparation}/{factor}/{dataset}/{subject}.log",
    benchmark:
        "results/benchmarks/interpolate/{preparation}/{factor}/{dataset}/{subject}.tsv"
    group:
        "subject"
    conda:
        "../../envs/merflow.yaml"
    threads: 1
    resources:
        mem_mb=memory_of("interpolate"),
        runtime=minutes_of("interpolate"),
    params:
        content=lambda w: PLAN.data.content(w.dataset, w.subject),
        recipe=lambda w: recipes.of_stage(PLAN.settings, "interpolate", w.preparation, w.factor),
    message:
        "{wildcards.dataset}/{wildcards.subject}: interpolating {wildcards.factor}"
    shell:
        "merflow interpolate {input:q} {output:q} --preparation {wildcards.preparation:q}"
        " --factor {wildcards.factor:q} --threads {threads}"
        " --config results/config.yaml > {log:q} 2>&1"


rule flow:
    input:
        branch(
            lambda w: w.factor == "x1",
            then="results/{preparation}/cropped/{dataset}/{subject}.h5",
            otherwise="results/{preparation}/magnified/{factor}/{dataset}/{subject}.h5",
        ),
    output:
        "results/{preparation}/flow/{factor}/{dataset}/{subject}.h5",
    log:
        "results/logs/flow/{preparation}/{factor}/{dataset}/{subject}.log",
    benchmark:
        "results/benchmarks/flow/{preparation}/{factor}/{dataset}/{subject}.tsv"
    group:
        "subject"
    conda:
        "../../envs/merflow.yaml"
    threads: 1
    resources:
        mem_mb=memory_of("flow"),
        runtime=minutes_of("flow"),
    params:
        content=lambda w: PLAN.data.content(w.dataset, w.subject),
        recipe=lambda w: recipes.of_stage(PLAN.settings, "flow", w.preparation, w.factor),
    message:
        "{wildcards.dataset}/{wildcards.subject}: optical flow {wildcards.factor}"
    shell:
        "merflow flow {input:q} {output:q} --preparation {wildcards.preparation:q}"
        " --factor {wildcards.factor:q} --threads {threads}"
        " --config results/config.yaml > {log:q} 2>&1"


rule pack:
    input:
        lambda w: PLAN.prepared(w.preparation, w.factor, w.collection),
    output:
        "results/{preparation}/packed/{collection}/{factor}.h5",
    log:
        "results/logs/pack/{preparation}/{collection}/{factor}.log",
    benchmark:
        "results/benchmarks/pack/{preparation}/{collection}/{factor}.tsv"
    conda:
        "../../envs/merflow.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * needs.packing_memory(),
        runtime=lambda w, attempt: attempt * needs.packing_minutes(PLAN, w.collection),
    params:
        content=lambda w: PLAN.data.contents(w.collection),
        recipe=lambda w: recipes.of_stage(PLAN.settings, "pack", w.preparation, w.factor),
    message:
        "{wildcards.collection}: packing {wildcards.factor} of {wildcards.preparation}"
    shell:
        "merflow pack {output:q} {input:q} --preparation {wildcards.preparation:q}"
        " --factor {wildcards.factor:q} --config results/config.yaml > {log:q} 2>&1"


rule skipped:
    input:
        PLAN.every_packed(),
    output:
        skipped="results/skipped.csv",
        delivered="results/delivered.csv",
    log:
        "results/logs/skipped.log",
    localrule: True
    conda:
        "../../envs/merflow.yaml"
    message:
        "listing skipped clips and what magnification delivered"
    shell:
        "merflow skipped {output.skipped:q} {input:q} --delivered {output.delivered:q}"
        " > {log:q} 2>&1"
