# Results in a storage, with --default-storage-provider: S3 or whatever the nodes reach when they share
# no file system (docs/cluster.md). Snakemake copies the inputs of a job below STORAGE.root and stores
# its outputs, so there every rule declares all that its command reads and writes. Without a storage
# STORAGE is None, and nothing here changes a rule.

import contextlib

from snakemake.io import get_flag_value
from snakemake.settings.types import SharedFSUsage

from merflow import paths
from merflow.workflow import storage as stored
from merflow.workflow import stored_files


def _storage():
    if workflow.storage_settings.default_storage_provider is None:
        return None
    modifier = workflow.modifier.path_modifier

    def find(path):
        return get_flag_value(modifier.apply_default_storage(path), "storage_object")

    return stored.Storage(find, workflow.async_run)


STORAGE = _storage()


def plain(path):
    """Return a path as merflow names it: `results/...`."""
    return STORAGE.plain(path) if STORAGE else str(path)


def results_folder():
    """Return a context in which `results/...` are the files of this run on this machine."""
    return contextlib.chdir(STORAGE.root) if STORAGE else contextlib.nullcontext()


def declare(name, made):
    """Declare all that the jobs of a rule read and write besides its inputs and outputs."""
    known = [*made.input]

    def listed(w):
        found = [
            f
            for one in known
            for f in _listed(one(w) if callable(one) else filled(one, w))
        ]
        return [*map(plain, found), *stored_files.read_files(PLAN, name, w)]

    outputs = [*map(plain, made.output)]
    written = stored_files.written(PLAN, name, outputs)
    made.set_output(
        *written.files,
        *map(directory, written.folders),
        **({"perhaps": [*written.perhaps]} if written.perhaps else {}),
    )
    if name != "plan":
        made.set_input(
            plan=lambda w: [*map(ancient, stored_files.plan_files(PLAN, _here(made)))],
            files=lambda w: [*map(ancient, stored_files.read_files(PLAN, name, w))],
            records=lambda w: [
                *map(ancient, stored_files.read_records(PLAN, name, w, listed(w)))
            ],
        )


def _here(made):
    return workflow.local_exec or made.name in workflow._localrules


def _listed(files):
    return [files] if isinstance(files, str) else [*files]


def _archived():
    """Return whether a subject's raw frames go with its jobs: to nodes that do not see the datasets."""
    if not STORAGE:
        return False
    if (
        not workflow.is_main_process
    ):  # Snakemake passes "all shared" to jobs within a job of a node.
        return bool(workflow.config_settings.overwrite_config["archived"])
    return SharedFSUsage.INPUT_OUTPUT not in workflow.storage_settings.shared_fs_usage


ARCHIVED = _archived()


def archive_of_subject():
    """Return the further input of a job that reads the raw frames of its subject."""
    return {"archive": paths.RAW} if ARCHIVED else {}


def archives_of_collection():
    """Return the further input of a job that packs clips from the files of the datasets."""

    def found(w):
        owners = PLAN.data.prepared_subjects(w.collection)
        return [paths.RAW.format(dataset=d, subject=s) for d, s in owners]

    return {"archives": found} if ARCHIVED else {}
