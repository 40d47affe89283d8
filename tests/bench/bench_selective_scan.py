"""The numba scan against the plain ones: python -m tests.bench.bench_selective_scan"""

import argparse

import torch
from torch.nn import functional

from espnet_plugin.semamba_pp.selective_scan import selective_scan
from tests.bench.textbook_scan import textbook_scan
from tests.bench.timing import compare, print_rows


def draw(batch: int, length: int, channels: int, states: int):
    """Arguments of the scan, of the size of SEMamba++'s finest level by default."""
    torch.manual_seed(0)
    return [
        torch.randn(batch, length, channels),
        functional.softplus(torch.randn(batch, length, channels) - 2),
        -torch.exp(torch.arange(1, states + 1.0).log().repeat(channels, 1)),
        torch.randn(batch, length, states),
        torch.randn(batch, length, states),
        torch.ones(channels),
    ]


def main():
    """Time forward and forward + backward of three forms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shape", type=int, nargs=4, default=(100, 481, 96, 16), metavar=("B", "L", "D", "N"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    arguments = draw(*options.shape)
    forms = {
        "textbook": textbook_scan,
        "reference": lambda *a: selective_scan(*a, form="reference"),
        "cpu": lambda *a: selective_scan(*a, form="cpu"),
    }

    def forward(scan):
        with torch.inference_mode():
            scan(*arguments)

    def both(scan):
        leaves = [argument.detach().requires_grad_() for argument in arguments]
        scan(*leaves).sum().backward()

    for title, call in (("forward", forward), ("forward + backward", both)):
        variants = {name: (lambda scan=scan, call=call: call(scan)) for name, scan in forms.items()}
        print_rows(f"selective scan {options.shape}, {title}, {options.threads} threads",
                   compare(variants, options.rounds))  # fmt: skip


if __name__ == "__main__":
    main()
