# What all rules with a command have in common, set once they are all defined: the environment, the
# plan as input, a log and, for jobs that may go to a cluster, a benchmark, both named by the rule and
# its wildcards (results/logs/crop/{preparation}/{dataset}/{subject}.log). On a cluster, the stages of a
# subject form a group, which is one job there, and so do `folds_per_job` folds. Jobs that train take
# the threads of their settings, since bytes depend on them.


def _complete(name, made):
    wildcards = re.findall(r"{(\w+)", plain(made.output[0]))
    named = ["seed{seed}" if w == "seed" else f"{{{w}}}" for w in wildcards]
    place = Path(name, *named)
    made.log_modifier = made.benchmark_modifier = made.output_modifier
    if not made.log:
        made.set_log(f"{paths.LOGS}/{place}.log")
    remote = made.name not in workflow._localrules
    if not made.benchmark and remote:
        made.benchmark = f"{paths.BENCHMARKS}/{place}.tsv"
    if remote and ("subject" in wildcards or name == "train"):
        made.group = lambda w: _group(name, w)
    if "gpu" in made.resources and name not in _set_threads:
        made.resources["_cores"] = lambda w: entry_of(w).training.threads
    if name == "train":
        made.resources["folds"] = 1
    made.conda_env = "../../envs/merflow.yaml"
    if name != "plan":
        made.set_input(config=ancient(paths.CONFIG), stale=_mark(made))
    if STORAGE:
        declare(name.split("_")[0], made)  # Of crop_1 and split_0: crop and split.


def _group(name, w):
    """Return the group of a job; None on one machine, and of a rule that is sent as job arrays.

    Snakemake knows its executor only after it has read this file, so it asks for each job.
    """
    if workflow.local_exec or {name, "all"} & _arrays():
        return None
    return "subject" if "subject" in w.keys() else _folds_group(w)


def _arrays():
    """Return the rules that Slurm receives as job arrays; a job of a group cannot be in one."""
    asked = getattr(workflow.executor_settings, "array_jobs", None) or ""
    return set(re.split(r"[\s,;]+", asked))


def _folds_group(w):
    """Return the group of a fold: it trains one after the other, so with one GPU."""
    size = PLAN.settings.folds_per_job
    if size == 1:
        return None
    number = PLAN.fold_names(w.experiment).index(w.fold) // size
    name = f"folds-{w.experiment}-{w.factor}-{w.seed}-{number}"
    # As of `--group-components folds=<size>`, which has priority.
    components = workflow.group_settings.group_components
    workflow.group_settings.group_components = {"folds": size, **components}
    workflow.parent_groupids[name] = "folds"
    workflow.global_resources["folds"] = 1
    return name


def _mark(made):
    """Return the input by which merflow has a stale job run again: a file newer than its output.

    Of all other jobs it is `ancient`, so the set of inputs stays the same.
    """
    patterns = [plain(pattern) for pattern in made.output]
    marker = paths.STORED_STALE if STORAGE else paths.STALE

    def mark(w):
        fresh = STALE.isdisjoint(filled(pattern, w) for pattern in patterns)
        return ancient(marker) if fresh else marker

    return mark


_set_threads = workflow.resource_settings.overwrite_threads
for _name, _proxy in rules._rules.items():
    if _proxy.rule.shellcmd:
        _complete(_name, _proxy.rule)


# How many folds a job of the cluster trains at a time: limited there, not over the whole cluster.
resource_scopes:
    folds="local",
