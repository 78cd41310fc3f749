# Jobs of a cluster: the stages of a subject are one job there (a group), and so are `folds_per_job`
# folds. Rules named by --slurm-array-jobs form no groups: Slurm receives their jobs as arrays.

import functools


def group_of(name, w):
    """Return the group of a job; None on one machine, and of a rule that is sent as job arrays.

    Snakemake knows its executor only after it has read this file, so it asks for each job.
    """
    if workflow.local_exec or in_arrays(name):
        return None
    return "subject" if "subject" in w.keys() else _folds_group(w)


def _folds_group(w):
    """Return the group of a fold: it trains one after the other, so with one GPU."""
    size = PLAN.settings.folds_per_job
    if size == 1:
        return None
    name = f"folds-{w.experiment}-{w.factor}-{w.seed}-{_number(w)}"
    # As by `--group-components folds=<size>`, for all groups of folds.
    components = workflow.group_settings.group_components
    workflow.group_settings.group_components = {**components, "folds": size}
    workflow.parent_groupids[name] = "folds"
    workflow.global_resources["folds"] = 1
    return name


@functools.cache
def _fold_numbers(experiment):
    """Return the position of each fold of an experiment."""
    return {name: i for i, name in enumerate(PLAN.fold_names(experiment))}


def _number(w):
    """Return which of the groups of a run a fold belongs to."""
    return _fold_numbers(w.experiment)[w.fold] // PLAN.settings.folds_per_job


def folds_together(w):
    """Return how many folds are trained in one job of the cluster, with the job of these wildcards."""
    if workflow.local_exec or not w.get("fold") or in_arrays("train"):
        return 1
    size = PLAN.settings.folds_per_job
    return min(size, len(_fold_numbers(w.experiment)) - size * _number(w))


# How many folds a job of the cluster trains at a time: not over the whole cluster, but in what a group
# asks for (above) and in the process of a group.
resource_scopes:
    folds="local",


if not workflow.is_main_process:
    workflow.global_resources["folds"] = 1


def in_arrays(name):
    """Return whether Slurm receives the jobs of a rule as job arrays."""
    return not {name, "all"}.isdisjoint(_array_rules())


def _array_rules():
    asked = getattr(workflow.executor_settings, "array_jobs", None) or ""
    return set(re.split(r"[\s,;]+", asked)) - {""}


def ask_alike(made):
    """Have all jobs of a rule in arrays ask for the same, the most that one of them needs.

    The tasks of an array have the resources of its first job, whichever that is.
    """
    chosen = workflow.resource_settings.overwrite_resources.get(made.name, {})
    for name in {"_cores", "gpu", "mem_mb", "runtime"} - set(chosen):
        resource = made.resources.get(name)
        if resource and resource.is_evaluable():
            made.resources[name] = _most(made.name, resource)


def _most(rule, resource):
    @functools.cache
    def most(attempt):
        jobs = [job for job in workflow.dag.jobs if job.rule.name == rule]
        return max(own(job.wildcards, attempt) for job in jobs)

    def own(w, attempt):
        return resource.evaluate(w, attempt=attempt).value

    return known(
        lambda w, attempt: most(attempt) if in_arrays(rule) else own(w, attempt)
    )


def refuse_lost_jobs():
    """Refuse limits under which Slurm's plugin loses jobs of arrays and the run never ends.

    It sends ready jobs when Snakemake hands it all of them at once, and forgets them otherwise
    (issue 473 of snakemake-executor-plugin-slurm).
    """
    if not _array_rules():
        return
    count = sum(not job.is_local for job in workflow.dag.needrun_jobs())
    pace = workflow.scheduling_settings.max_jobs_per_timespan
    limits = {
        "--jobs": workflow.global_resources.get("_nodes").value,
        "--max-jobs-per-timespan": pace and pace.max_jobs,
    }
    low = [
        f"{name} is {limit}"
        for name, limit in limits.items()
        if limit and limit < count
    ]
    scarce = {"gpu", "mem_mb", "disk_mb"} & set(workflow.resource_settings.resources)
    low += [f"--resources limits {name}" for name in sorted(scarce)]
    if low:
        raise WorkflowError(
            f"--slurm-array-jobs: this run has {count} jobs for the cluster, but {', '.join(low)}."
            " Slurm's plugin loses jobs that it does not receive all at once, and the run would"
            f" never end.\n  to do: --jobs {count} --max-jobs-per-timespan {count}/1s, and no"
            " --resources for the cluster"
        )
