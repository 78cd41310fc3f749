# The plan (every run and file of the config) and the functions that all rules share.

import gc
import inspect
import itertools
import os
import re
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod

import merflow as package
import snakemake_logger_plugin_merflow as run_log
from merflow import arithmetic, paths, stage_table
from merflow.errors import MerflowError
from merflow.models.training import gpu_choice
from merflow.workflow import job_costs, plan_files, shared_start, together
from merflow.workflow import resources as needs
from merflow.workflow.run_result import result_text
from merflow.workflow.setup import join, start
from merflow.workflow.stale import Findings, find_stale, hashing, mark, message

try:
    # Reads config, sheets and folders, and writes nothing: the run itself puts its plan into
    # results/ (rule plan). A job that parses this file again, on a cluster, takes that plan.
    if workflow.is_main_process:
        PLAN = start(config, files=map(str, workflow.configfiles))
        PLAN_FILES = plan_files.texts(PLAN)
        SCHEDULED = plan_files.checksum(PLAN_FILES)
        _stored = stored.StoredResults(STORAGE) if STORAGE else None
        if _stored:
            PLAN.data.recorded = _stored.recorded
        _view = _stored and _stored.view()
        FOUND = find_stale(PLAN, _view)
        if STORAGE:
            stored.mark_stored(STORAGE, bool(FOUND.stale))
        else:
            mark(FOUND)
        sys.stderr.write(message(FOUND, _view) + hashing(PLAN))
        _passed_on = workflow.config_settings.config_args or ()
        _there = _stored.exists if _stored else os.path.exists
        TOGETHER = together.batches(PLAN, FOUND.outputs, _there)
        workflow.config_settings.config_args = [
            *_passed_on,
            f"plan_id=_{SCHEDULED}",
            f"together={together.text(TOGETHER)}",
            *([f"archived={int(ARCHIVED)}"] if STORAGE else []),
        ]
    else:
        _handed = workflow.config_settings.overwrite_config
        SCHEDULED = str(_handed["plan_id"]).removeprefix("_")
        TOGETHER = together.parsed(_handed["together"])
        if STORAGE:
            stored.link_project(STORAGE.root)
            stored.fetch_plan(STORAGE)
        with results_folder():
            PLAN, PLAN_FILES, FOUND = join(SCHEDULED), {}, Findings([], {})
except MerflowError as error:
    raise WorkflowError(str(error)) from None

STALE = FOUND.outputs

# Snakemake now makes millions of objects that stay until the end. Python looks through all of them
# for circles again and again, a quarter of the time of a plan of 8,000 jobs; so it does that seldom.
gc.collect()
gc.freeze()
gc.set_threshold(100_000, 20, 20)

if workflow.modifier.path_modifier.prefix:
    raise WorkflowError(
        "merflow as a module: its files lie in results/, and `prefix:` cannot move them; leave it out,"
        " or run the outer workflow with --directory"
    )

# Every rule runs `merflow <command> ...`. Here `merflow` belongs to the Python that runs Snakemake,
# or, with --sdm conda, is this source tree under the Python of the environment.
_merflow = f"{shlex.quote(sys.executable)} -m merflow"
if DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method:
    _source = Path(package.__file__).parents[1]
    _merflow = f"PYTHONPATH={shlex.quote(str(_source))} python -m merflow"


def _sharing():
    """Return the shell line by which the folds of this process share a start of TensorFlow."""
    if PLAN.settings.folds_per_job == 1:
        return ""
    networks = [n for n in PLAN.experiments if PLAN.experiment(n).method == "keras"]
    value = shlex.quote(shared_start.value(os.getpid(), networks))
    return f"export {shared_start.VARIABLE}={value}; "


# The arithmetic level must be known before a job imports anything, so it is a variable of its shell.
# OpenCV takes all cores by default; a job may use the threads that it asked for.
_arithmetic = arithmetic.asked(PLAN.settings.arithmetic)
_function = f'merflow() {{{{ {_merflow} "$@"; }}}}'
if STORAGE:
    # Commands run where `results/...` are the copies of the job's inputs; its outputs go there too.
    _function = (
        f"merflow_root={shlex.quote(os.path.join(STORAGE.root, ''))}; "
        f'merflow() {{{{ ( cd "$merflow_root" && {_merflow} "${{{{@#"$merflow_root"}}}}" ) }}}}; '
        'empty_where_missing() {{ for file in "$@"; do [ -e "$file" ] || : > "$file"; done; }}'
    )
shell.prefix(
    f"{_function}; export MERFLOW_ARITHMETIC={_arithmetic}; "
    f"export MERFLOW_PLAN={SCHEDULED}; {_sharing()}"
    "export OPENCV_FOR_THREADS_NUM=${{OMP_NUM_THREADS:-1}}; "
)


def begin(log):
    """Put the plan into results/: after the lock, before the first job, never in a dry run."""
    refuse_lost_jobs()
    staged = plan_files.stage(PLAN_FILES)
    if STORAGE:
        stored.link_project(STORAGE.root)
    with results_folder():
        put = plan_files.put(staged)
    if STORAGE:
        STORAGE.put(*put, paths.record(paths.CONFIG))
    # One write: `print` makes two, and a line of the logger could come between.
    sys.stderr.write(f"{needs.disk_report(needs.disk(PLAN))}\n")
    if not workflow.local_exec and workflow.global_resources.get("gpu").value == 1:
        sys.stderr.write(
            "note: one GPU at a time over the whole cluster, by --resources gpu=1 or profiles/default;"
            " with `--workflow-profile slurm` in place of --profile there is no such cap\n"
        )


def costs():
    """Return what the jobs of the run cost, and with how many cores and GPUs, for the time left."""
    here = workflow.local_exec
    return run_log.Costs(
        job_costs.as_tuples(job_costs.job_costs(PLAN, TOGETHER)),
        (workflow.resource_settings.cores or 1) if here else 0,
        GPUS if here and gpu_choice.possible() else 0,
    )


run_log.know(costs, result_text)


def end(log):
    """Show the table, for `merflow run`; with a storage, copy the tables from there."""
    if STORAGE:
        sys.stderr.write(stored.copied_text(stored.copy_shown(STORAGE), STORAGE))
    sys.stdout.write(result_text())


def begin_as_module():
    """Have `begin` called in a workflow that takes this one as a module, beside its own onstart."""
    register = workflow.onstart

    def with_begin(outer):
        def both(log):
            begin(log)
            outer(log)

        register(outer)
        workflow._onstart = both

    with_begin(workflow._onstart)
    workflow.onstart = with_begin


if not workflow.modifier.is_main_snakefile():
    begin_as_module()


def merflow(arguments):
    """Return the shell command of a rule: merflow with the run's settings, output to the log."""
    if STORAGE:
        # The outputs of a rule, without the files that `declare` adds to them.
        arguments = arguments.replace("{output:q}", "{output.made:q}")
    command = f"merflow {arguments} --config {paths.CONFIG} > {{log:q}} 2>&1"
    if STORAGE and stored_files.leaves_out(PLAN, arguments.split()[0]):
        command += " && empty_where_missing {output.perhaps:q}"
    return command


def known(function):
    """Note the parameters of a function that Snakemake calls for each job.

    It asks for them at each call, and `inspect` works them out only where they are not noted.
    """
    function.__signature__ = inspect.signature(function)
    return function


def times(need):
    """Return the function of a resource that each retry has more of."""
    return known(lambda w, attempt: attempt * need(w))


# On one machine memory and time are asked for only where a limit is given: Snakemake works out every
# resource of every job, also those that nothing limits.
UNLIMITED = set()
if workflow.is_main_process and workflow.resource_settings.nodes is None:
    UNLIMITED = {"mem_mb", "runtime"} - workflow.global_resources.keys()


def limited(**resources):
    """Return the resources of a rule without those that nothing limits."""
    return {name: one for name, one in resources.items() if name not in UNLIMITED}


def same_for_all(need, entries):
    """Return what `need` returns for these settings if it is one value, else a function."""
    values = {need(entry) for entry in entries}
    return values.pop() if len(values) == 1 else known(lambda w: need(entry_of(w)))


def source_of(stage):
    """Return the input of a stage: the store of the stage before it, at the job's factor."""
    before = stage_table.sources(stage)
    if len(before) == 1:
        return paths.store(*before)

    @known
    def source(w):
        name = stage_table.stage_before(stage, w.factor).name
        return filled(paths.store(name), w)

    return source


def joined_rules(stage):
    """Yield name and batch of the rules of a stage that make several stores in one job.

    The last is the rule for one store at a time, with an empty batch. The first, which makes most,
    has the name of the stage alone.
    """
    numbers = itertools.count(1)
    found = [*sorted(TOGETHER.get(stage, []), key=len, reverse=True), ()]
    names = [stage, *(f"{stage}_{next(numbers)}" for _ in found[1:])]
    if len(names) > 1:
        workflow.ruleorder(*names)
    yield from zip(names, found)


def each_of(stage, wildcard, names, preparation=()):
    """Return the stores of a stage for each name of one wildcard; its pattern for none.

    preparation: the one that the stores belong to. The pattern leaves out what is made together:
    Snakemake makes a job of every rule that fits a file before it chooses one.
    """
    pattern = paths.store(stage)
    for only in preparation:
        pattern = pattern.replace("{preparation}", f"{{preparation,{re.escape(only)}}}")
    if names:
        return [pattern.replace(f"{{{wildcard}}}", name) for name in names]
    before, after = pattern.split("{preparation}")
    joined = [
        made.removeprefix(before)
        for batch in TOGETHER.get(stage, [])
        for made in made_together(stage, batch)
    ]
    others = f"(?!{'|'.join(map(re.escape, joined))})" if joined else ""
    return [f"{before}{{preparation,{others}[^/]+}}{after}"]


def made_together(stage, batch):
    """Return the folders of the stores that a batch makes."""
    folder = paths.store(stage).partition("{dataset}")[0]
    if stage == "crop":
        return [folder.format(preparation=one) for one in batch]
    return [folder.format(preparation=batch[0], factor=one) for one in batch[1:]]


def place_of(folder, stage, wildcard, names):
    """Return the log or benchmark of a job: named as its stores are, several by all their names."""
    kept = "{preparation}/{factor}" if stage == "magnify" else "{preparation}"
    kept = kept.replace(f"{{{wildcard}}}", "+".join(names) or f"{{{wildcard}}}")
    suffix = "log" if folder == paths.LOGS else "tsv"
    return f"{folder}/{stage}/{kept}/{{dataset}}/{{subject}}.{suffix}"


def listed(wildcard, names):
    """Return the names for a message; the job's own for none."""
    return ", ".join(names) or f"{{wildcards.{wildcard}}}"


def stage_resources(stage, names=()):
    """Return memory (MB) and time (minutes) of a stage of one subject; more at each retry.

    names: what the job makes together, each in a store of its own.
    """
    many = max(1, len(names))
    return limited(
        mem_mb=times(
            lambda w: needs.memory(
                PLAN, stage, w.dataset, w.subject, w.get("preparation", ""), names
            )
        ),
        runtime=times(lambda w: needs.minutes(PLAN, stage, w.dataset, w.subject, many)),
    )


def packing_resources():
    """Return memory (MB) and time (minutes) of packing a collection; more at each retry."""
    return limited(
        mem_mb=times(lambda w: needs.packing_memory()),
        runtime=times(lambda w: needs.packing_minutes(PLAN, w.collection)),
    )


def entry_of(w):
    """Return the settings of the experiment or pretraining that a job trains."""
    if name := w.get("pretraining"):
        return PLAN.settings.pretrainings[name]
    if name := w.get("spotting") or w.get("pair"):
        pairs = PLAN.settings.spot_then_recognise
        return PLAN.settings.spotting[pairs[name].spotting if name in pairs else name]
    return PLAN.experiment(w.experiment)


TRAINED = [
    *PLAN.settings.experiments.values(),
    *PLAN.settings.pretrainings.values(),
    *PLAN.settings.spotting.values(),
]

GPUS = getattr(workflow.global_resources.get("gpu"), "value", None) or 0
"""The limit of `--resources gpu=N`; 0 for none."""
_main = workflow.is_main_process and workflow.modifier.is_main_snakefile()
GPU_PARTS = needs.gpu_parts(PLAN) if _main and GPUS else 1
"""Parts of a GPU that trainings may share, since Snakemake counts in whole numbers.

A workflow around this one has GPU jobs of its own, which know of no parts.
"""


def divide_gpus():
    """Have Snakemake count parts of GPUs where trainings share one: on this machine only.

    To be called while Snakemake lists the jobs: it knows its executor only after it has read this
    file, and afterwards the limit is fixed.
    """
    if GPU_PARTS > 1 and workflow.local_exec:
        workflow.global_resources["gpu"] = GPUS * GPU_PARTS


def _take_turns(entry, factor):
    cores = workflow.resource_settings.cores or 1
    return needs.takes_turns(PLAN, entry, factor, cores)


def gpus(w):
    """Return the GPUs of a training: 1 on a cluster, on this machine the parts of one, or none.

    On a machine without GPUs, trainings that ask for none run on all cores at once.
    """
    entry = entry_of(w)
    if workflow.local_exec and not _take_turns(entry, w.get("factor", "x1")):
        return 0
    parts = GPU_PARTS // entry.training.gpu_share if GPU_PARTS > 1 else 1
    return needs.gpus(entry) * (parts if workflow.local_exec else 1)


def training_resources():
    """Return GPU, memory (MB) and time (minutes) of training a fold; more at each retry."""
    return limited(
        gpu=known(gpus),
        mem_mb=times(
            lambda w: needs.training_memory(PLAN, entry_of(w), w.get("factor", "x1"))
        ),
        runtime=times(
            lambda w: needs.training_minutes(PLAN, entry_of(w), folds_together(w))
        ),
    )


def spotting_resources():
    """Return GPU, memory (MB) and time (minutes) of a spotter of a fold; more at each retry."""
    return limited(
        gpu=known(gpus),
        mem_mb=times(lambda w: needs.spotting_memory(PLAN, entry_of(w))),
        runtime=times(lambda w: needs.spotting_minutes(PLAN, entry_of(w))),
    )


def recording_resources():
    """Return GPU, memory (MB) and time (minutes) of recording every epoch of a run."""
    return training_resources() | limited(
        mem_mb=times(lambda w: 4000),
        runtime=lambda w: 60 * len(PLAN.fold_names(w.experiment)),
    )


# The catalogue of a job's dataset, in which its clips and key frames stand.
CATALOGUE = ancient(paths.CATALOGUE)


@known
def of_fold(w):
    """Return the packed files, the weights to start from and the file of a fold.

    Of a fold that is not stale they are `ancient`: a packed file or a label that changed for other
    folds only does not train it again. merflow itself knows which folds see what changed.
    """
    found = {
        "packed": PLAN.packed(w.experiment, w.factor),
        "folds": [filled(paths.FOLD, w)],
    }
    made = f"{filled(paths.RUN, w)}/{w.fold}/predictions.csv"
    if made not in STALE and not forced():
        found = {name: list(map(ancient, files)) for name, files in found.items()}
    return found | {"start": PLAN.start_weights(w.experiment)}


def filled(pattern, w):
    """Return a path from a rule's pattern and a job's wildcards."""
    return re.sub(r"{(\w+),[^{}]*}", r"{\1}", pattern).format(**dict(w.items()))


def forced():
    """Return whether the user forces jobs: what depends on them then follows, as ever."""
    asked = workflow.dag_settings
    return asked and (asked.forcerun or asked.forceall or asked.forcetargets)


def table_file(name):
    """Return the path of a table, shown in Snakemake's report."""
    path = f"{paths.TABLES}/{name}"
    return report(path, caption="../report/table.rst", category="Tables")


wildcard_constraints:
    dataset=r"[^/]+",
    subject=r"[^/]+",
    preparation=r"[^/]+",
    collection=r"[^/]+",
    experiment=r"[^/]+",
    factor=r"x[0-9.e+x]+",
    pretraining=r"[^/]+",
    seed=r"\d+",
    spotting=r"[^/]+",
    window=r"k\d+|movement",
    pair=r"[^/]+",
    training=r"\d+",
    fold=r"[^/]+",
