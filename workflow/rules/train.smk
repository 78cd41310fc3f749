# Folds and their training. A training job sees no label of a clip it will be tested on: the packed
# file has none, the fold file has those of its training clips only.

NESTED_RUN = paths.RUN.replace("{factor}", "nested")

for _number, _experiment in enumerate(PLAN.settings.experiments):

    rule:
        name:
            f"split_{_number}"
        output:
            [*PLAN.fold_files(_experiment), PLAN.truth_file(_experiment)],
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
    resources:
        **training_resources(),
    params:
        recipe=lambda w: run_fingerprints.pretraining(PLAN, w.pretraining),
    message:
        "{wildcards.pretraining}: pretraining"
    shell:
        merflow("pretrain {wildcards.pretraining:q}")


for _name, _run, _folds, _what in training_rules():

    rule:
        name:
            _name
        input:
            **training_input(*_folds),
        output:
            [f"{_run}/{fold}/{name}" for fold in _folds for name in paths.FOLD_FILES],
        resources:
            **training_resources(len(_folds)),
        params:
            **training_params(),
        message:
            f"{{wildcards.experiment}} {{wildcards.factor}} seed {{wildcards.seed}}: training {_what}"
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


# Only with `record_oracle`. It reads trained folds and writes to a separate folder, which no table
# and no report reads.
rule oracle:
    input:
        **training_input(),
        pooled=f"{paths.RUN}/pooled.csv",
    output:
        [f"{paths.ORACLE}/{name}.csv" for name in ("epochs", "oracle")],
    resources:
        **recording_resources(),
    params:
        **training_params(),
    message:
        "{wildcards.experiment} {wildcards.factor} seed {wildcards.seed}: recording every epoch"
    shell:
        merflow("oracle {params.run:q}")


# The row x*: reads the inner predictions that a nested experiment's folds leave.
rule choose:
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
