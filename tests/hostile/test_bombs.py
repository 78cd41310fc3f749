"""Small files that stand for gigabytes: each is refused within 200 MB (times: docs/reliability.md).

All are read in one process of its own, each in a child of it under a limit on memory.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bombs import BOMBS


@pytest.fixture(scope="module")
def taken():
    command = [sys.executable, str(Path(__file__).with_name("bombs.py"))]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "OPENCV_LOG_LEVEL": "OFF"}
    )
    assert done.returncode == 0, done.stderr
    return {row["bomb"]: row for row in map(json.loads, done.stdout.splitlines())}


def test_there_are_enough():
    assert len(BOMBS) >= 20


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_by_name_within_its_memory(taken, name):
    found = taken[name]
    assert found["ended"].startswith("refused: "), found
    assert name in found["ended"]
    assert found["megabytes"] < 200
