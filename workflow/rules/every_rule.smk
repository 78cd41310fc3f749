# What all rules with a command have in common, set once they are all defined: the environment, the
# plan as input, a log and, for jobs that may go to a cluster, a benchmark, both named by the rule and
# its wildcards (results/logs/crop/{preparation}/{dataset}/{subject}.log). Jobs that train take the
# threads of their settings, since bytes depend on them. Groups and job arrays stand in cluster.smk.


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
        made.group = known(lambda w: group_of(name, w))
    if "gpu" in made.resources and name not in _set_threads:
        made.resources["_cores"] = same_for_all(
            lambda entry: entry.training.threads, TRAINED
        )
    if name == "train":
        made.resources["folds"] = 1
    ask_alike(made)
    made.conda_env = "../../envs/merflow.yaml"
    if name != "plan":
        made.set_input(config=ancient(paths.CONFIG), stale=_mark(made))
    if STORAGE:
        declare(name.split("_")[0], made)  # Of crop_1 and split_0: crop and split.


def _mark(made):
    """Return the input by which merflow has a stale job run again: a file newer than its output.

    Of all other jobs it is `ancient`, so the set of inputs stays the same.
    """
    marker = paths.STORED_STALE if STORAGE else paths.STALE
    # A rule that takes a GPU calls `divide_gpus` while Snakemake lists its jobs; with a storage,
    # outputs have other names than stale files.
    known_fresh = not STORAGE and not any(map(made.is_producer, STALE))
    if known_fresh and "gpu" not in made.resources:
        return ancient(marker)
    patterns = [plain(pattern) for pattern in made.output]

    @known
    def mark(w):
        divide_gpus()
        fresh = STALE.isdisjoint(filled(pattern, w) for pattern in patterns)
        return ancient(marker) if fresh else marker

    return mark


_set_threads = workflow.resource_settings.overwrite_threads
for _name, _proxy in rules._rules.items():
    if _proxy.rule.shellcmd:
        _complete(_name, _proxy.rule)
