# Folds and their training. A training job sees no label of a clip it will be tested on: the packed
# file has none, the fold file has those of its training clips only.

NESTED_RUN = paths.RUN.replace("{factor}", "nested")

for _number, _experiment in enumerate(PLAN.settings.experiments):

    rule:
        name:
            f"split_{_number}"
        output:
            folds=PLAN.fold_files(_experiment),
            truth=PLAN.truth_file(_experiment),
        log:
            f"{paths.LOGS}/split/{_experiment}.log",
        localrule: True
        params:
            experiment=_experiment,
            content=PLAN.data.split_digest(_experiment),
        message:
            f"{_experiment}: splitting {len(PLAN.fold_files(_experiment))} folds by subject"
        shell:
            merflow("split {params.experiment:q}")


rule pretrain:
    input:
        lambda w: PLAN.pretrain_packed(w.pretraining),
    output:
        [f"{paths.PRETRAINED}/{name}" for name in paths.FINAL_FILES],
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
        merflow("pretrain {wildcards.pretraining:q}")


if PLAN.settings.folds_per_job == 1:

    rule train:
        input:
            packed=lambda w: PLAN.packed(w.experiment, w.factor),
            start=lambda w: PLAN.start_weights(w.experiment),
            folds=[paths.FOLD],
        output:
            [f"{paths.RUN}/{{fold}}/{name}" for name in paths.FOLD_FILES],
        threads: lambda w: needs.threads(PLAN, w.experiment)
        resources:
            **training_resources(),
        params:
            run=paths.RUN,
            data=lambda w: run_fingerprints.data_digest(PLAN, w.experiment, w.factor),
            recipe=lambda w: run_fingerprints.training(PLAN, w.experiment),
        message:
            "{wildcards.experiment} {wildcards.factor} seed {wildcards.seed}: training without"
            " {wildcards.fold}"
        shell:
            merflow("train {params.run:q} {input.folds:q}")

else:
    # Each group of folds is one job, and so one start of the framework; every fold's files are
    # the same bytes as from a job of its own.
    for _number, _experiment in enumerate(PLAN.settings.experiments):
        for _group, _folds in enumerate(PLAN.fold_groups(_experiment)):
            _run = paths.RUN.replace("{experiment}", _experiment)

            rule:
                name:
                    f"train_{_number}_{_group}"
                input:
                    packed=lambda w, e=_experiment: PLAN.packed(e, w.factor),
                    start=PLAN.start_weights(_experiment),
                    folds=[
                        paths.FOLD.format(experiment=_experiment, fold=fold)
                        for fold in _folds
                    ],
                output:
                    [
                        f"{_run}/{fold}/{name}"
                        for fold in _folds
                        for name in paths.FOLD_FILES
                    ],
                log:
                    f"{_run.replace('runs', 'logs/train', 1)}/group{_group}.log",
                benchmark:
                    f"{_run.replace('runs', 'benchmarks/train', 1)}/group{_group}.tsv"
                threads: needs.threads(PLAN, _experiment)
                resources:
                    **training_resources(len(_folds), _experiment),
                params:
                    run=_run,
                    data=lambda w, e=_experiment: run_fingerprints.data_digest(
                        PLAN, e, w.factor
                    ),
                    recipe=run_fingerprints.training(PLAN, _experiment),
                message:
                    f"{_experiment} {{wildcards.factor}} seed {{wildcards.seed}}: training"
                    f" {len(_folds)} folds ({_folds[0]} to {_folds[-1]})"
                shell:
                    merflow("train {params.run:q} {input.folds:q}")


rule score:
    input:
        predictions=lambda w: PLAN.predictions(w.experiment, w.factor, w.seed),
        truth=paths.TRUTH,
    output:
        [f"{paths.RUN}/{name}" for name in (*paths.SCORE_FILES, *paths.FIGURES)],
    localrule: True
    params:
        run=paths.RUN,
        data=lambda w: run_fingerprints.run_digest(PLAN, w.experiment, w.factor),
        recipe=lambda w: run_fingerprints.scoring(PLAN, w.experiment),
    message:
        "{wildcards.experiment} {wildcards.factor} seed {wildcards.seed}: scoring the pooled folds"
    shell:
        merflow("score {params.run:q}")


rule oracle:
    # Only with `record_oracle`. It reads trained folds and writes to a folder of its own, which
    # no table and no report reads.
    input:
        pooled=f"{paths.RUN}/pooled.csv",
        packed=lambda w: PLAN.packed(w.experiment, w.factor),
        start=lambda w: PLAN.start_weights(w.experiment),
    output:
        [f"{paths.ORACLE}/{name}.csv" for name in ("epochs", "oracle")],
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
        "{wildcards.experiment} {wildcards.factor} seed {wildcards.seed}: recording every epoch"
    shell:
        merflow("oracle {params.run:q}")


rule choose:
    # The row x*: reads the inner predictions that a nested experiment's folds leave.
    input:
        lambda w: PLAN.pooled_of_choice(w.experiment, w.seed),
    output:
        [f"{NESTED_RUN}/{name}" for name in paths.SCORE_FILES],
    localrule: True
    params:
        run=NESTED_RUN,
        data=lambda w: run_fingerprints.nested_digest(PLAN, w.experiment),
        recipe=lambda w: run_fingerprints.scoring(PLAN, PLAN.choices()[w.experiment][0]),
    message:
        "{wildcards.experiment} seed {wildcards.seed}: choosing inside every fold"
    shell:
        merflow("choose {params.run:q}")
