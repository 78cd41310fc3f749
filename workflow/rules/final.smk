# The final model of a run: trained on all labelled clips, for `merflow predict` and `evaluate`.
# No table depends on it, so `all` does not ask for it:
#   snakemake --cores all finals                                         of every run
#   snakemake --cores all results/runs/demo/x10/seed0/final/run.json     of one


# "final" also matches the wildcard for the name of a fold.
ruleorder: final > train


rule final:
    input:
        packed=lambda w: PLAN.packed(w.experiment, w.factor),
        start=lambda w: PLAN.start_weights(w.experiment),
        catalogues=lambda w: [
            ancient(paths.CATALOGUE.format(dataset=name))
            for name in PLAN.data.members(w.experiment)
        ],
    output:
        [f"{paths.RUN}/final/{name}" for name in paths.FINAL_FILES],
    resources:
        **training_resources(),
    params:
        run=paths.RUN,
    message:
        "{wildcards.experiment} {wildcards.factor} seed {wildcards.seed}: training on all clips"
    shell:
        merflow("final {params.run:q}")


rule finals:
    input:
        [
            f"{run.folder}/final/run.json"
            for run in PLAN.runs()
            for entry in [PLAN.experiment(run.experiment)]
            if entry.method != "command" or entry.contract == 2
        ],
    localrule: True
