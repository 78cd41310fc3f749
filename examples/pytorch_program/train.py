"""An external program with PyTorch (contract 2): a small 3D CNN on motion, in its own environment.

    python3 -m venv torch-env
    torch-env/bin/pip install -r examples/pytorch_program/requirements.txt

    experiments:
      torch:
        method: command
        command: torch-env/bin/python examples/pytorch_program/train.py --epochs 30
        contract: 2
        preparation: grey64       # any preparation: frames, or flow (one frame of three channels)
        training: {device: cpu, threads: 2}

Each fold trains a network from its seed. The weights go to `model/`, so that pooled factors train
once, `snakemake finals` trains the final model and `merflow predict` uses it. No clip of the tested
subject is read before training has ended.
"""

import argparse
import csv
import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn


class MotionNet(nn.Module):
    """Three strided 3D convolutions with group norm; input (N, C, T, H, W), output (N, classes)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in (16, 32, 32):
            layers += [
                nn.Conv3d(channels, width, 3, stride=(1, 2, 2), padding=1),
                nn.GroupNorm(8, width),
                nn.ReLU(),
            ]
            channels = width
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool3d((1, 4, 4)), nn.Flatten())
        self.answer = nn.Sequential(nn.Dropout(0.3), nn.Linear(32 * 16, classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, classes) scores before the softmax."""
        return self.answer(self.features(x))


def clips(folder: Path, settings: dict, table: str) -> tuple[list[dict[str, str]], torch.Tensor]:
    """Return the rows of a table and (N, C, T, H, W) float32: the change since each onset."""
    with open(folder / table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    arrays = {
        name: np.memmap(folder / name, at["dtype"], "r", at["offset"], tuple(at["shape"]))
        for name, at in settings["clips"].items()
    }
    x = np.stack([arrays[row["file"]][int(row["row"])] for row in rows]).astype(np.float32)
    # Frames: (N, T, H, W, C) of grey levels. Flow: (N, H, W, 3), a single frame of motion.
    x = (x[:, 1:] - x[:, :1]) / 16 if x.ndim == 5 else x[:, None] * 10
    return rows, torch.from_numpy(np.ascontiguousarray(x.transpose(0, 4, 1, 2, 3)))


def train(x: torch.Tensor, y: torch.Tensor, classes: int, epochs: int, device: str) -> MotionNet:
    """Return a network trained from random weights, classes weighted by their share."""
    net = MotionNet(x.shape[1], classes).to(device)
    share = torch.bincount(y, minlength=classes).float()
    loss = nn.CrossEntropyLoss(weight=(len(y) / (classes * share)).to(device))
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-3)
    steps = epochs * -(-len(y) // 16)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    net.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(y)).split(16):
            optimiser.zero_grad()
            loss(net(x[batch].to(device)), y[batch].to(device)).backward()
            optimiser.step()
            schedule.step()
    return net


def main() -> None:
    """Do the steps that settings.json names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    folder = given.folder
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    classes, kept = settings["classes"], folder / "model" / "weights.pt"
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(int(os.environ["MERFLOW_SEED"]) % 2**63)
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.use_deterministic_algorithms(True)

    if "train" in settings["steps"]:
        rows, x = clips(folder, settings, "train.csv")
        y = torch.tensor([int(row["y"]) for row in rows])
        net = train(x, y, len(classes), given.epochs, device)
        kept.parent.mkdir()
        torch.save({"channels": x.shape[1], "weights": net.cpu().state_dict()}, kept)

    if "predict" in settings["steps"]:
        saved = torch.load(kept, weights_only=True)
        net = MotionNet(saved["channels"], len(classes))
        net.load_state_dict(saved["weights"])
        net.eval()
        rows, x = clips(folder, settings, "test.csv")
        with torch.no_grad():
            shares = torch.cat([net(part).double().softmax(1) for part in x.split(32)])
        with open(folder / "predictions.csv", "w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow(["dataset", "subject", "clip", *(f"p_{name}" for name in classes)])
            for row, one in zip(rows, shares.tolist(), strict=True):
                key = (row["dataset"], row["subject"], row["clip"])
                out.writerow([*key, *(f"{p:.9g}" for p in one)])


if __name__ == "__main__":
    main()
