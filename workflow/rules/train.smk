# Folds and their training. A training job sees no label of a clip it will be tested on: the packed
# file has none, the fold file has those of its training clips only.

NESTED_RUN = paths.RUN.replace("{factor}", "nested")

for _number, _experiment in enumerate(PLAN.settings.experiments):

    rule:
        name:
            f"split_{_number}"
        input:
            catalogues=[
                ancient(paths.CATALOGUE.format(dataset=name))
                for name in PLAN.data.members(_experiment)
            ],
        output:
            [*PLAN.fold_files(_experiment), PLAN.truth_file(_experiment)],
        log:
            f"{paths.LOGS}/split/{_experiment}.log",
        localrule: True
        params:
            experiment=_experiment,
        message:
            f"{_experiment}: splitting {len(PLAN.fold_files(_experiment))} folds by subject"
        shell:
            merflow("split {params.experiment:q}")


rule pretrain:
    input:
        packed=lambda w: PLAN.pretrain_packed(w.pretraining),
        catalogues=lambda w: [
            ancient(paths.CATALOGUE.format(dataset=name))
            for name in PLAN.data.pretraining_members(w.pretraining)
        ],
    output:
        [f"{paths.PRETRAINED}/{name}" for name in paths.FINAL_FILES],
    resources:
        **training_resources(),
    message:
        "{wildcards.pretraining}: pretraining"
    shell:
        merflow("pretrain {wildcards.pretraining:q}")


# One job for each fold. Jobs of one machine share a start of TensorFlow (workflow/shared_start.py);
# on a cluster, `folds_per_job` of them are sent as one (cluster.smk).
rule train:
    input:
        unpack(of_fold),
    output:
        [f"{paths.RUN}/{{fold}}/{name}" for name in paths.FOLD_FILES],
    resources:
        **training_resources(),
    params:
        run=paths.RUN,
    message:
        "{wildcards.experiment} {wildcards.factor} seed {wildcards.seed}: training without {wildcards.fold}"
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
    message:
        "{wildcards.experiment} {wildcards.factor} seed {wildcards.seed}: scoring the pooled folds"
    shell:
        merflow("score {params.run:q}")


# Only with `record_oracle`. It reads trained folds and writes to a separate folder, which no table
# and no report reads.
rule oracle:
    input:
        packed=lambda w: PLAN.packed(w.experiment, w.factor),
        start=lambda w: PLAN.start_weights(w.experiment),
        pooled=f"{paths.RUN}/pooled.csv",
    output:
        [f"{paths.ORACLE}/{name}.csv" for name in ("epochs", "oracle")],
    resources:
        **recording_resources(),
    params:
        run=lambda w: filled(paths.RUN, w),
    message:
        "{wildcards.experiment} {wildcards.factor} seed {wildcards.seed}: recording every epoch"
    shell:
        merflow("oracle {params.run:q}")


# Only with `key_frame_noise`: every fold predicts its test clips again, with moved key frames; at
# another level than 0 every fold is trained again, on training clips moved likewise.
rule jitter:
    input:
        pooled=f"{paths.RUN}/pooled.csv",
        weights=lambda w: PLAN.weights(w.experiment, w.factor, w.seed),
        stores=lambda w: PLAN.cropped(w.experiment),
        start=lambda w: PLAN.start_weights(w.experiment),
        catalogues=lambda w: [
            ancient(paths.CATALOGUE.format(dataset=name))
            for name in PLAN.data.members(w.experiment)
        ],
    output:
        [f"{paths.JITTER}/{name}" for name in paths.JITTER_FILES],
    resources:
        **recording_resources(),
    params:
        run=lambda w: filled(paths.RUN, w),
    message:
        "{wildcards.experiment} {wildcards.factor} seed {wildcards.seed}: moving key frames, training {wildcards.training}"
    shell:
        merflow("jitter {params.run:q} --training {wildcards.training}")


# The row x*: reads the inner predictions that a nested experiment's folds leave.
rule choose:
    input:
        pooled=lambda w: PLAN.pooled_of_choice(w.experiment, w.seed),
    output:
        [f"{NESTED_RUN}/{name}" for name in paths.SCORE_FILES],
    localrule: True
    params:
        run=NESTED_RUN,
    message:
        "{wildcards.experiment} seed {wildcards.seed}: choosing inside every fold"
    shell:
        merflow("choose {params.run:q}")
