# Folds, and the training of each. A training job sees no label of a clip it will be tested on:
# the packed file has none, the fold file has those of its training clips only.

FOLD = "results/runs/{experiment}/{factor}/seed{seed}/{fold}/"
FOLD_FILES = ("predictions.csv", "history.csv", "run.json")

for _number, _experiment in enumerate(PLAN.settings.experiments):

    rule:
        name:
            f"split_{_number}"
        output:
            folds=PLAN.fold_files(_experiment),
            truth=f"results/truth/{_experiment}.csv",
        log:
            f"results/logs/split/{_experiment}.log",
        localrule: True
        conda:
            "../../envs/merflow.yaml"
        params:
            experiment=_experiment,
            content=PLAN.data.split_digest(_experiment),
        message:
            f"{_experiment}: splitting {len(PLAN.fold_files(_experiment))} folds by subject"
        shell:
            "merflow split {params.experiment:q} --config results/config.yaml > {log:q} 2>&1"


rule pretrain:
    input:
        lambda w: PLAN.pretrain_packed(w.pretraining),
    output:
        "results/pretrained/{pretraining}/weights.weights.h5",
        "results/pretrained/{pretraining}/history.csv",
        "results/pretrained/{pretraining}/run.json",
    log:
        "results/logs/pretrain/{pretraining}.log",
    benchmark:
        "results/benchmarks/pretrain/{pretraining}.tsv"
    conda:
        "../../envs/merflow.yaml"
    threads: lambda w: PLAN.settings.pretrainings[w.pretraining].training.threads
    resources:
        gpu=lambda w: needs.pretraining_gpus(PLAN, w.pretraining),
        mem_mb=lambda w, attempt: attempt
        * needs.pretraining_memory(PLAN, w.pretraining),
        runtime=lambda w, attempt: attempt
        * needs.pretraining_minutes(PLAN, w.pretraining),
    params:
        recipe=lambda w: run_fingerprints.pretraining(PLAN, w.pretraining),
    message:
        "{wildcards.pretraining}: pretraining"
    shell:
        "merflow pretrain {wildcards.pretraining:q} --config results/config.yaml > {log:q} 2>&1"


if PLAN.settings.folds_per_job == 1:

    rule train:
        input:
            packed=lambda w: PLAN.packed(w.experiment, w.factor),
            start=lambda w: PLAN.start_weights(w.experiment),
            folds=["results/folds/{experiment}/{fold}.csv"],
        output:
            [f"{FOLD}{name}" for name in FOLD_FILES],
        log:
            "results/logs/train/{experiment}/{factor}/seed{seed}/{fold}.log",
        benchmark:
            "results/benchmarks/train/{experiment}/{factor}/seed{seed}/{fold}.tsv"
        conda:
            "../../envs/merflow.yaml"
        threads: lambda w: needs.threads(PLAN, w.experiment)
        resources:
            gpu=lambda w: needs.gpus(PLAN, w.experiment),
            mem_mb=lambda w, attempt: attempt
            * needs.training_memory(PLAN, w.experiment, w.factor),
            runtime=lambda w, attempt: attempt
            * needs.training_minutes(PLAN, w.experiment, 1),
        params:
            run="results/runs/{experiment}/{factor}/seed{seed}",
            data=lambda w: run_fingerprints.data_digest(PLAN, w.experiment, w.factor),
            recipe=lambda w: run_fingerprints.training(PLAN, w.experiment),
        message:
            "{wildcards.experiment} {wildcards.factor} seed {wildcards.seed}: training without"
            " {wildcards.fold}"
        shell:
            "merflow train {params.run:q} {input.folds:q} --config results/config.yaml > {log:q} 2>&1"

else:
    # Each group of folds is one job, and so one start of the framework; every fold's files are
    # the same bytes as from a job of its own.
    for _number, _experiment in enumerate(PLAN.settings.experiments):
        for _group, _folds in enumerate(PLAN.fold_groups(_experiment)):
            _base = f"results/runs/{_experiment}/{{factor}}/seed{{seed}}"

            rule:
                name:
                    f"train_{_number}_{_group}"
                input:
                    packed=lambda w, e=_experiment: PLAN.packed(e, w.factor),
                    start=PLAN.start_weights(_experiment),
                    folds=[f"results/folds/{_experiment}/{fold}.csv" for fold in _folds],
                output:
                    [f"{_base}/{fold}/{name}" for fold in _folds for name in FOLD_FILES],
                log:
                    f"results/logs/train/{_experiment}/{{factor}}/seed{{seed}}/group{_group}.log",
                benchmark:
                    f"results/benchmarks/train/{_experiment}/{{factor}}/seed{{seed}}/group{_group}.tsv"
                conda:
                    "../../envs/merflow.yaml"
                threads: needs.threads(PLAN, _experiment)
                resources:
                    gpu=needs.gpus(PLAN, _experiment),
                    mem_mb=lambda w, attempt, e=_experiment: attempt
                    * needs.training_memory(PLAN, e, w.factor),
                    runtime=lambda w, attempt, e=_experiment, n=len(_folds): attempt
                    * needs.training_minutes(PLAN, e, n),
                params:
                    run=_base,
                    data=lambda w, e=_experiment: run_fingerprints.data_digest(PLAN, e, w.factor),
                    recipe=run_fingerprints.training(PLAN, _experiment),
                message:
                    f"{_experiment} {{wildcards.factor}} seed {{wildcards.seed}}: training"
                    f" {len(_folds)} folds ({_folds[0]} to {_folds[-1]})"
                shell:
                    "merflow train {params.run:q} {input.folds:q} --config results/config.yaml > {log:q} 2>&1"


rule score:
    input:
        predictions=lambda w: PLAN.predictions(w.experiment, w.factor, w.seed),
        truth="results/truth/{experiment}.csv",
    output:
        "results/runs/{experiment}/{factor}/seed{seed}/pooled.csv",
        "results/runs/{experiment}/{factor}/seed{seed}/scores.csv",
        "results/runs/{experiment}/{factor}/seed{seed}/confusion.csv",
        [
            f"results/runs/{{experiment}}/{{factor}}/seed{{seed}}/{name}.svg"
            for name in ("curves", "confusion", "subjects")
        ],
    log:
        "results/logs/score/{experiment}/{factor}/seed{seed}.log",
    localrule: True
    conda:
        "../../envs/merflow.yaml"
    params:
        run="results/runs/{experiment}/{factor}/seed{seed}",
        data=lambda w: run_fingerprints.run_digest(PLAN, w.experiment, w.factor),
        recipe=lambda w: run_fingerprints.scoring(PLAN, w.experiment),
    message:
        "{wildcards.experiment} {wildcards.factor} seed {wildcards.seed}: scoring the pooled folds"
    shell:
        "merflow score {params.run:q} --config results/config.yaml > {log:q} 2>&1"


rule oracle:
    # Only where asked for (record_oracle). It reads what was trained and writes apart from it;
    # no table and no report reads what it writes.
    input:
        pooled="results/runs/{experiment}/{factor}/seed{seed}/pooled.csv",
        packed=lambda w: PLAN.packed(w.experiment, w.factor),
        start=lambda w: PLAN.start_weights(w.experiment),
    output:
        "results/oracle/{experiment}/{factor}/seed{seed}/epochs.csv",
        "results/oracle/{experiment}/{factor}/seed{seed}/oracle.csv",
    log:
        "results/logs/oracle/{experiment}/{factor}/seed{seed}.log",
    benchmark:
        "results/benchmarks/oracle/{experiment}/{factor}/seed{seed}.tsv"
    conda:
        "../../envs/merflow.yaml"
    threads: lambda w: needs.threads(PLAN, w.experiment)
    resources:
        gpu=lambda w: needs.gpus(PLAN, w.experiment),
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w: 60 * len(PLAN.fold_names(w.experiment)),
    params:
        run=lambda w, input: str(Path(input.pooled).parent),
        data=lambda w: run_fingerprints.data_digest(PLAN, w.experiment, w.factor),
        recipe=lambda w: run_fingerprints.training(PLAN, w.experiment),
    message:
        "{wildcards.experiment} {wildcards.factor} seed {wildcards.seed}: noting every epoch"
    shell:
        "merflow oracle {params.run:q} --config results/config.yaml > {log:q} 2>&1"


rule choose:
    # The row x*: reads the inner predictions that a nested experiment's folds leave beside theirs.
    input:
        lambda w: PLAN.pooled_of_choice(w.experiment, w.seed),
    output:
        "results/runs/{experiment}/nested/seed{seed}/pooled.csv",
        "results/runs/{experiment}/nested/seed{seed}/scores.csv",
        "results/runs/{experiment}/nested/seed{seed}/confusion.csv",
    log:
        "results/logs/choose/{experiment}/seed{seed}.log",
    localrule: True
    conda:
        "../../envs/merflow.yaml"
    params:
        run="results/runs/{experiment}/nested/seed{seed}",
        data=lambda w: run_fingerprints.nested_digest(PLAN, w.experiment),
        recipe=lambda w: run_fingerprints.scoring(PLAN, PLAN.choices()[w.experiment][0]),
    message:
        "{wildcards.experiment} seed {wildcards.seed}: choosing inside every fold"
    shell:
        "merflow choose {params.run:q} --config results/config.yaml > {log:q} 2>&1"
