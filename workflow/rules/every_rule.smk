# What all rules with a command have in common, set once they are all defined: the environment, a
# log and, for jobs that may go to a cluster, a benchmark, both named by the rule and its wildcards
# (results/logs/crop/{preparation}/{dataset}/{subject}.log). The stages of one subject form a group:
# one cluster job.

import re


def _complete(name, made):
    wildcards = re.findall(r"{(\w+)", str(made.output[0]))
    place = "/".join(
        [name, *("seed{seed}" if w == "seed" else f"{{{w}}}" for w in wildcards)]
    )
    made.log_modifier = made.benchmark_modifier = made.output_modifier
    if not made.log:
        made.set_log(f"{paths.LOGS}/{place}.log")
    if not made.benchmark and made.name not in workflow._localrules:
        made.benchmark = f"{paths.BENCHMARKS}/{place}.tsv"
    if "subject" in wildcards:
        made.group = "subject"
    made.conda_env = "../../envs/merflow.yaml"


for _name, _proxy in rules._rules.items():
    if _proxy.rule.shellcmd:
        _complete(_name, _proxy.rule)
