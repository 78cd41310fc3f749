"""A storage for tests: a folder, whose files are copied to the jobs and back."""

import os
import shutil
from pathlib import Path

from snakemake_interface_storage_plugins.io import Mtime
from snakemake_interface_storage_plugins.storage_object import (
    StorageObjectRead,
    StorageObjectWrite,
)
from snakemake_interface_storage_plugins.storage_provider import (
    StorageProviderBase,
    StorageQueryValidationResult,
)


class StorageProvider(StorageProviderBase):
    @classmethod
    def example_queries(cls):
        return []

    def rate_limiter_key(self, query, operation):
        return None

    def default_max_requests_per_second(self):
        return 0

    def use_rate_limiter(self):
        return False

    @classmethod
    def is_valid_query(cls, query):
        return StorageQueryValidationResult(query, True)


class StorageObject(StorageObjectRead, StorageObjectWrite):
    @property
    def place(self):
        return Path(self.query)

    async def inventory(self, cache):
        key = self.cache_key()
        cache.exists_in_storage[key] = self.exists()
        if self.exists():
            cache.mtime[key] = Mtime(storage=self.mtime())
            cache.size[key] = self.size()

    def get_inventory_parent(self):
        return None

    def local_suffix(self):
        return self.query.lstrip("/")

    def cleanup(self):
        pass

    def exists(self):
        return self.place.exists()

    def mtime(self):
        return self.place.stat().st_mtime

    def size(self):
        return 0 if self.place.is_dir() else self.place.stat().st_size

    def retrieve_object(self):
        copy(self.place, self.local_path())

    def store_object(self):
        copy(Path(self.local_path()), self.place)

    def remove(self):
        shutil.rmtree(self.place) if self.place.is_dir() else self.place.unlink()


def copy(source, target):
    """Copy a file or a folder; as an object store does, replace the whole and keep no old time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        return
    part = target.with_name(f".copying-{os.getpid()}-{target.name}")
    shutil.copyfile(source, part)
    part.rename(target)
