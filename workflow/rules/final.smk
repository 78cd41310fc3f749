# The final model of a run: trained on all labelled clips, for `merflow predict` and `evaluate`.
# Nothing of the tables depends on it, so `all` does not ask for it:
#   snakemake --cores all finals                                         of every run
#   snakemake --cores all results/runs/demo/x10/seed0/final/run.json     of one

if PLAN.settings.folds_per_job == 1:

    # "final" also fits where the name of a fold stands.
    ruleorder: final > train


rule final:
    input:
        packed=lambda w: PLAN.packed(w.experiment, w.factor),
        start=lambda w: PLAN.start_weights(w.experiment),
    output:
        [
            f"results/runs/{{experiment}}/{{factor}}/seed{{seed}}/final/{name}"
            for name in ("weights.weights.h5", "history.csv", "run.json")
        ],
    log:
        "results/logs/final/{experiment}/{factor}/seed{seed}.log",
    benchmark:
        "results/benchmarks/final/{experiment}/{factor}/seed{seed}.tsv"
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
        scheme=lambda w: PLAN.experiment(w.experiment).scheme,
    message:
        "{wildcards.experiment} {wildcards.factor} seed {wildcards.seed}: training on all clips"
    shell:
        "merflow final {params.run:q} --config results/config.yaml > {log:q} 2>&1"


rule finals:
    input:
        [
            f"{run.folder}/final/run.json"
            for run in PLAN.runs()
            if PLAN.experiment(run.experiment).method != "command"
        ],
    localrule: True
