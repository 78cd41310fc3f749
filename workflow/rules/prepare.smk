# From raw frames to the training array: one job per subject and stage, then one per collection.


rule catalogue:
    output:
        "results/catalogue/{dataset}.json",
    log:
        "results/logs/catalogue/{dataset}.log",
    localrule: True
    params:
        content=lambda w: PLAN.catalogue_digest(w.dataset),
    message:
        "{wildcards.dataset}: reading sheets and folders"
    shell:
        "{MERFLOW} catalogue {output:q} --dataset {wildcards.dataset:q}"
        " --config results/config.yaml > {log:q} 2>&1"


rule align:
    # ancient: a changed sheet reruns the subjects whose own rows or frames changed (content).
    input:
        ancient("results/catalogue/{dataset}.json"),
    output:
        ALIGNED,
    log:
        "results/logs/align/{dataset}/{subject}.log",
    benchmark:
        "results/benchmarks/align/{dataset}/{subject}.tsv"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 1500 * attempt,
        runtime=30,
    params:
        content=lambda w: PLAN.content(w.dataset, w.subject),
        recipe=lambda w: recipes.aligned(PLAN.settings),
    message:
        "{wildcards.dataset}/{wildcards.subject}: finding and aligning the face"
    shell:
        "{MERFLOW} align {input:q} {output:q} --subject {wildcards.subject:q}"
        " --config results/config.yaml > {log:q} 2>&1"


rule crop:
    input:
        ALIGNED,
    output:
        "results/{preparation}/cropped/{dataset}/{subject}.h5",
    log:
        "results/logs/crop/{preparation}/{dataset}/{subject}.log",
    benchmark:
        "results/benchmarks/crop/{preparation}/{dataset}/{subject}.tsv"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 1000 * attempt,
        runtime=10,
    params:
        recipe=lambda w: recipes.cropped(PLAN.settings, w.preparation),
    message:
        "{wildcards.dataset}/{wildcards.subject}: cropping for {wildcards.preparation}"
    shell:
        "{MERFLOW} crop {input:q} {output:q} --preparation {wildcards.preparation:q}"
        " --config results/config.yaml > {log:q} 2>&1"


rule magnify:
    input:
        "results/{preparation}/cropped/{dataset}/{subject}.h5",
    output:
        passing("results/{preparation}/magnified/{factor}/{dataset}/{subject}.h5"),
    log:
        "results/logs/magnify/{preparation}/{factor}/{dataset}/{subject}.log",
    benchmark:
        "results/benchmarks/magnify/{preparation}/{factor}/{dataset}/{subject}.tsv"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 1500 * attempt,
        runtime=30,
    params:
        recipe=lambda w: recipes.magnified(PLAN.settings, w.preparation, w.factor),
    message:
        "{wildcards.dataset}/{wildcards.subject}: magnifying {wildcards.factor}"
    shell:
        "{MERFLOW} magnify {input:q} {output:q} --factor {wildcards.factor:q}"
        " --preparation {wildcards.preparation:q} --config results/config.yaml > {log:q} 2>&1"


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
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 1000 * attempt,
        runtime=10,
    params:
        recipe=lambda w: recipes.prepared(PLAN.settings, w.preparation, w.factor),
    message:
        "{wildcards.dataset}/{wildcards.subject}: interpolating {wildcards.factor}"
    shell:
        "{MERFLOW} interpolate {input:q} {output:q} --preparation {wildcards.preparation:q}"
        " --config results/config.yaml > {log:q} 2>&1"


use rule interpolate as flow with:
    output:
        "results/{preparation}/flow/{factor}/{dataset}/{subject}.h5",
    log:
        "results/logs/flow/{preparation}/{factor}/{dataset}/{subject}.log",
    benchmark:
        "results/benchmarks/flow/{preparation}/{factor}/{dataset}/{subject}.tsv"
    message:
        "{wildcards.dataset}/{wildcards.subject}: optical flow {wildcards.factor}"


rule pack:
    input:
        lambda w: PLAN.prepared(w.preparation, w.factor, w.collection),
    output:
        "results/{preparation}/packed/{collection}/{factor}.h5",
    log:
        "results/logs/pack/{preparation}/{collection}/{factor}.log",
    benchmark:
        "results/benchmarks/pack/{preparation}/{collection}/{factor}.tsv"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 1000 * attempt,
        runtime=30,
    params:
        recipe=lambda w: recipes.packed(PLAN.settings, w.preparation, w.factor),
    message:
        "{wildcards.collection}: packing {wildcards.factor} of {wildcards.preparation}"
    shell:
        "{MERFLOW} pack {output:q} {input:q} --preparation {wildcards.preparation:q}"
        " --factor {wildcards.factor:q} --config results/config.yaml > {log:q} 2>&1"


rule skipped:
    input:
        [
            path
            for run in PLAN.runs()
            for path in PLAN.packed(run.experiment, run.factor)
        ],
    output:
        "results/skipped.csv",
    log:
        "results/logs/skipped.log",
    localrule: True
    message:
        "listing skipped clips"
    shell:
        "{MERFLOW} skipped {output:q} {input:q} > {log:q} 2>&1"
