"""Demo clips whose motion is known, for the tests of align, crop, select and flow: those of the
benchmarks.
"""

import importlib.util
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "benchmarks" / "head_truth.py"
SPEC = importlib.util.spec_from_file_location("head_truth", SOURCE)
head_truth = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(head_truth)
sys.modules["head_truth"] = head_truth

HAPPY, SURPRISE = head_truth.HAPPY, head_truth.SURPRISE
SADNESS, DISGUST = head_truth.SADNESS, head_truth.DISGUST
Truth, demo_clip, arrays_of = head_truth.Truth, head_truth.demo_clip, head_truth.arrays_of
rigid_left, expression_kept = head_truth.rigid_left, head_truth.expression_kept
true_picture = head_truth.true_picture
