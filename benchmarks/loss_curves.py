"""Draw the loss of runs from their metrics.jsonl.

python benchmarks/loss_curves.py PICTURE METRICS [METRICS …]
"""

from __future__ import annotations

import sys

import matplotlib.pyplot as plt

from havoc.train.tracking import read_events


def main() -> None:
    picture, *files = sys.argv[1:]
    figure, axes = plt.subplots(figsize=(8, 4.5), dpi=110)
    for file in files:
        events = read_events(file)
        for kind, style in (
            ("train", {"linewidth": 0.8, "alpha": 0.6}),
            ("validation", {"marker": "o"}),
        ):
            chosen = [event for event in events if event["event"] == kind]
            axes.plot(
                [event["step"] for event in chosen],
                [event["loss"] for event in chosen],
                label=f"{file.rsplit('/', 1)[-1].removesuffix('.jsonl')}, {kind}",
                **style,
            )
    axes.set_xlabel("optimiser step")
    axes.set_ylabel("loss, nats a token")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(picture)


if __name__ == "__main__":
    main()
