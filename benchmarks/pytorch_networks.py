"""Networks of merflow in PyTorch and a plain training loop, for `pytorch_speed.py`.

Needs PyTorch and NumPy only, and runs in whichever Python has them:

    python benchmarks/pytorch_networks.py '{"network": "cnn3d", "shape": [10, 64, 64, 1],
        "clips": 48, "batch": 8, "epochs": 8}'

Same layers, sizes, optimiser and batches as in merflow; initial values are PyTorch's own. Prints
JSON: CPU seconds of each epoch, parameters, the version and the library of its matrix products.
"""

import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

CLASSES = 3


def padding(side: int) -> tuple[int, int]:
    """Return Keras' `same` padding of a side for a kernel of 3 at stride 2."""
    total = max(0, (-(-side // 2) - 1) * 2 + 3 - side)
    return total // 2, total - total // 2


def cnn3d(frames: int, height: int, width: int, channels: int) -> nn.Module:
    """Three strided 3D convolutions with group normalisation."""
    parts: list[nn.Module] = []
    for filters in (16, 32, 32):
        pads = [*padding(width), *padding(height), *padding(frames)]
        inside = pads[0] if len(set(pads)) == 1 else 0
        if not inside:
            parts.append(nn.ConstantPad3d(pads, 0.0))
        parts += [
            nn.Conv3d(channels, filters, 3, 2, padding=inside, bias=False),
            nn.GroupNorm(8, filters, eps=1e-3),
            nn.ReLU(),
        ]
        channels = filters
        frames, height, width = (-(-side // 2) for side in (frames, height, width))
    features = frames * height * width * channels
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(features, CLASSES))


class Ststnet(nn.Module):
    """Three shallow streams over flow."""

    def __init__(self, height: int, width: int, channels: int) -> None:
        super().__init__()
        self.streams = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, filters, 3, padding=2),
                nn.ReLU(),
                nn.BatchNorm2d(filters),
                nn.MaxPool2d(3, padding=1),
                nn.Dropout(0.5),
            )
            for filters in (3, 5, 8)
        )
        self.pool = nn.AvgPool2d(2)
        sides = (((side + 2 - 1) // 3 + 1) // 2 for side in (height, width))
        self.head = nn.Linear(16 * np.prod(list(sides)), CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        x = self.pool(torch.cat([stream(x) for stream in self.streams], 1))
        return self.head(x.flatten(1))


class OffApexNet(nn.Module):
    """A stream of 2D convolutions for each component of flow, two wide dense layers."""

    def __init__(self, height: int, width: int, channels: int) -> None:
        super().__init__()

        def stream() -> nn.Module:
            parts: list[nn.Module] = []
            for given, filters in ((1, 6), (6, 16)):
                parts += [nn.Conv2d(given, filters, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
            return nn.Sequential(*parts, nn.Flatten())

        self.streams = nn.ModuleList([stream(), stream()])
        features = 2 * 16 * (height // 4) * (width // 4)
        self.head = nn.Sequential(
            *(nn.Linear(features, 1024), nn.ReLU(), nn.Dropout(0.5)),
            *(nn.Linear(1024, 1024), nn.ReLU(), nn.Dropout(0.5)),
            nn.Linear(1024, CLASSES),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        parts = [stream(x[:, at : at + 1]) for at, stream in enumerate(self.streams)]
        return self.head(torch.cat(parts, 1))


def micro_exp_stcnn(frames: int, height: int, width: int, channels: int) -> nn.Module:
    """One 3D convolution over the whole clip, one dense layer."""
    depth = min(15, frames)
    left = frames - depth + 1
    pool = min(3, left)
    features = 32 * (left // pool) * ((height - 2) // 3) * ((width - 2) // 3)
    return nn.Sequential(
        *(nn.Conv3d(channels, 32, (depth, 3, 3)), nn.ReLU(), nn.MaxPool3d((pool, 3, 3))),
        *(nn.Dropout(0.5), nn.Flatten(), nn.Linear(features, 128), nn.ReLU(), nn.Dropout(0.5)),
        nn.Linear(128, CLASSES),
    )


def joshi_3dcnn(frames: int, height: int, width: int, channels: int) -> nn.Module:
    """Two convolutions over each frame, one dense layer over all."""

    def stage(given: int, filters: int) -> list[nn.Module]:
        conv = nn.Conv3d(given, filters, (1, 3, 3))
        return [conv, nn.ReLU(), nn.MaxPool3d((1, 2, 2)), nn.BatchNorm3d(filters)]

    down, across = (((side - 2) // 2 - 2) // 2 for side in (height, width))
    return nn.Sequential(
        *stage(channels, 32),
        *stage(32, 64),
        *(nn.Flatten(), nn.Linear(frames * down * across * 64, 32), nn.ReLU(), nn.Dropout(0.27)),
        *(nn.BatchNorm1d(32), nn.Linear(32, CLASSES)),
    )


NETWORKS = {
    "cnn3d": cnn3d,
    "ststnet": Ststnet,
    "off_apexnet": OffApexNet,
    "micro_exp_stcnn": micro_exp_stcnn,
    "joshi_3dcnn": joshi_3dcnn,
}


def epochs(network: nn.Module, x: torch.Tensor, y: torch.Tensor, batch: int, count: int) -> list:
    """Train as a plain loop does; return the CPU seconds of each epoch."""
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    loss_of = nn.CrossEntropyLoss()
    spent = []
    network.train()
    for _ in range(count):
        started = time.process_time()
        order, total = torch.randperm(len(y)), 0.0
        for start in range(0, len(y), batch):
            index = order[start : start + batch]
            optimiser.zero_grad()
            loss = loss_of(network(x[index]), y[index])
            loss.backward()
            optimiser.step()
            total += loss.item()
        spent.append(time.process_time() - started)
    return spent


def products() -> str:
    """Return the library of matrix products that this process has loaded."""
    maps = Path("/proc/self/maps").read_text() if Path("/proc/self/maps").exists() else ""
    found = re.search(r"(openblas|mkl_core|blis|libblas)", maps)
    return {"libblas": "reference BLAS (slow)"}.get(found[1], found[1]) if found else "built in"


def main(given: str) -> None:
    """Train one network on noise and print the result."""
    job = json.loads(given)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = NETWORKS[job["network"]](*job["shape"])
    x = np.random.default_rng(0).normal(size=(job["clips"], *job["shape"])).astype(np.float32)
    clips = torch.tensor(np.moveaxis(x, -1, 1).copy())
    spent = epochs(network, clips, torch.arange(len(x)) % CLASSES, job["batch"], job["epochs"])
    parameters = sum(p.numel() for p in network.parameters())
    about = {"torch": torch.__version__, "products": products()}
    print(json.dumps({"seconds": spent, "parameters": parameters, **about}))


if __name__ == "__main__":
    main(sys.argv[1])
