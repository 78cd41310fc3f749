# Spotting in long recordings (`spotting` of the config), and recognition of what was spotted. Windows
# of a subject are made once for each length k; a fold takes k from its training subjects. Labels reach
# a fold as they do in train.smk: its file has the intervals of its training recordings only.

from merflow.workflow import spotting_plan

for _number, _spotting in enumerate(PLAN.settings.spotting):

    rule:
        name:
            f"split_spotting_{_number}"
        input:
            catalogues=[
                ancient(paths.CATALOGUE.format(dataset=name))
                for name in sorted(
                    PLAN.settings.collections[
                        PLAN.settings.spotting[_spotting].collection
                    ]
                )
            ],
        output:
            [
                *spotting_plan.fold_files(PLAN, _spotting),
                spotting_plan.truth_file(_spotting),
            ],
        log:
            f"{paths.LOGS}/split/{_spotting}.log",
        localrule: True
        params:
            spotting=_spotting,
        message:
            f"{_spotting}: splitting recordings by subject"
        shell:
            merflow("split {params.spotting:q}")


rule windows:
    input:
        source=paths.store("crop"),
    output:
        made=paths.store("windows"),
    resources:
        **stage_resources("windows"),
    message:
        "{wildcards.dataset}/{wildcards.subject}: windows {wildcards.window} of recordings"
    shell:
        merflow("windows {input.source:q} {output:q} --threads {threads}")


# "final" also matches the wildcard for the name of a fold.
ruleorder: final_spotter > spot


rule spot:
    input:
        stores=lambda w: spotting_plan.stores(PLAN, w.spotting, w.fold),
        folds=lambda w: spotting_plan.fold_file(w.spotting, w.fold),
    output:
        [f"{paths.SPOTTING}/{{fold}}/{name}" for name in paths.SPOT_FILES],
    resources:
        **spotting_resources(),
    params:
        run=lambda w: filled(paths.SPOTTING, w),
    message:
        "{wildcards.spotting} seed {wildcards.seed}: spotting in {wildcards.fold}, left out"
    shell:
        merflow("spot {params.run:q} {input.folds:q}")


# The spotter of all recordings, for `merflow predict --spotter`; no table depends on it.
rule final_spotter:
    input:
        stores=lambda w: spotting_plan.stores(PLAN, w.spotting, "final"),
        catalogues=lambda w: [
            ancient(paths.CATALOGUE.format(dataset=name))
            for name in PLAN.data.datasets()
        ],
    output:
        [f"{paths.SPOTTING}/final/{name}" for name in paths.SPOT_FILES],
    resources:
        **spotting_resources(),
    params:
        run=lambda w: filled(paths.SPOTTING, w),
    message:
        "{wildcards.spotting} seed {wildcards.seed}: a spotter of all recordings"
    shell:
        merflow("spot {params.run:q} final")


rule score_spotting:
    input:
        intervals=lambda w: spotting_plan.fold_outputs(
            PLAN, spotting_plan.SpotRun(w.spotting, int(w.seed))
        ),
        truth=lambda w: spotting_plan.truth_file(w.spotting),
    output:
        [f"{paths.SPOTTING}/{name}" for name in paths.SPOTTING_SCORES],
    localrule: True
    params:
        run=lambda w: filled(paths.SPOTTING, w),
    message:
        "{wildcards.spotting} seed {wildcards.seed}: scoring the spotted intervals"
    shell:
        merflow("score-spotting {params.run:q}")


rule recognise:
    input:
        spotted=lambda w: spotting_plan.spotted_of(PLAN, w.pair, w.seed),
        trained=lambda w: spotting_plan.recognition_of(PLAN, w.pair, w.seed),
        clips=lambda w: spotting_plan.clips_of(PLAN, w.pair),
        catalogues=lambda w: [
            ancient(paths.CATALOGUE.format(dataset=name))
            for name in PLAN.data.datasets()
        ],
    output:
        [f"{paths.STR}/{name}" for name in paths.STR_FILES],
    resources:
        **spotting_resources(),
    params:
        run=lambda w: filled(paths.STR, w),
    message:
        "{wildcards.pair} seed {wildcards.seed}: recognising spotted intervals"
    shell:
        merflow("recognise {params.run:q}")


SPOTTING_TABLES = []
if PLAN.settings.spotting:
    SPOTTING_TABLES = [table_file(name) for name in paths.SPOTTING_TABLES]

    rule spotting_table:
        input:
            scores=[f"{run.folder}/scores.json" for run in spotting_plan.runs(PLAN)],
            pairs=[f"{pair.folder}/scores.json" for pair in spotting_plan.pairs(PLAN)],
        output:
            SPOTTING_TABLES,
        localrule: True
        message:
            "writing the tables of spotting"
        shell:
            merflow("spotting-table results/tables")


rule spotters:
    input:
        [f"{run.folder}/final/run.json" for run in spotting_plan.runs(PLAN)],
    localrule: True
