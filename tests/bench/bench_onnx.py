"""Full-size SEMamba++ in torch and in onnxruntime: python -m tests.bench.bench_onnx

Plain is the network in torch's own operations, step by step in time. The transforms are left out.
"""

import argparse

import onnxruntime
import torch

from espnet_plugin.export.network import INPUTS, build
from espnet_plugin.semamba_pp.network import SEMambaPP
from espnet_plugin.semamba_pp.spectrum import Spectrum
from tests.bench.timing import compare, print_rows


def main():
    """Time the three in turn, in seconds per second of audio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of the recording")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    network, plain_network = SEMambaPP().eval(), SEMambaPP(scan="reference").eval().requires_grad_(False)
    plain_network.load_state_dict(network.state_dict())
    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = options.threads
    content = build(network, {}).SerializeToString()
    session = onnxruntime.InferenceSession(content, session_options, providers=["CPUExecutionProvider"])
    spectrum = Spectrum()
    wave = 0.1 * torch.randn(1, round(options.seconds * spectrum.rate_hz))
    inputs = spectrum.analyse(wave)
    arrays = dict(zip(INPUTS, (value.numpy() for value in inputs)))

    def run_plain():  # with gradients on, the kernels for inference stay out
        return plain_network(*inputs)[0]

    def run_fast():
        with torch.inference_mode():
            return network(*inputs)[0]

    def run_onnx():
        return torch.from_numpy(session.run(None, arrays)[0])

    for run in (run_fast, run_onnx):
        torch.testing.assert_close(run(), run_plain(), rtol=1e-3, atol=1e-4)
    medians = compare({"plain": run_plain, "onnxruntime": run_onnx, "fast": run_fast}, options.rounds)
    title = f"SEMamba++, {options.seconds} s of audio, {options.threads} threads"
    print_rows(title, medians, options.seconds, "s per s of audio")


if __name__ == "__main__":
    main()
