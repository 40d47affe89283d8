"""All forms of the selective scan compute one function and one gradient."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from espnet_plugin.semamba_pp import selective_scan as package
from espnet_plugin.semamba_pp.selective_scan import choose, cuda, report, selective_scan, unusable

LIMIT = 1e-5  # relative, in float32


def draw(batch, steps, channels, states, seed=0, device="cpu", dtype=torch.float32):
    """Arguments of the scan with the value ranges of a trained network."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    decay = torch.log(torch.arange(1, states + 1.0, dtype=torch.float64)).expand(channels, states)
    values = (
        normal(batch, steps, channels),
        functional.softplus(normal(batch, steps, channels) - 2),
        -torch.exp(decay + 0.1 * normal(channels, states)),
        normal(batch, steps, states),
        normal(batch, steps, states),
        normal(channels),
    )
    return [value.to(device=device, dtype=dtype).requires_grad_() for value in values]


def relative(value, reference):
    value, reference = value.detach().cpu().double(), reference.detach().cpu().double()
    return ((value - reference).norm() / reference.norm().clamp(min=1e-30)).item()


def assert_same_function(form, arguments):
    """Output and all six gradients against the reference in float64."""
    exact = [argument.detach().cpu().double().requires_grad_() for argument in arguments]
    expected = selective_scan(*exact, form="reference")
    output = selective_scan(*arguments, form=form)
    assert output.dtype == arguments[0].dtype
    assert relative(output, expected) < LIMIT
    weight = torch.randn(expected.shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    gradients = torch.autograd.grad((output * weight.to(output)).sum(), arguments)
    for name, gradient, wanted in zip(
        "u delta A B C D".split(), gradients, torch.autograd.grad((expected * weight).sum(), exact)
    ):
        assert gradient.shape == wanted.shape
        assert relative(gradient, wanted) < LIMIT, name


def test_reference_by_hand():
    """Two steps, one channel, one state, worked out on paper."""
    u, delta = torch.tensor([[[2.0], [3.0]]]), torch.tensor([[[0.5], [0.25]]])
    B, C = torch.tensor([[[1.0], [2.0]]]), torch.tensor([[[4.0], [5.0]]])
    y = selective_scan(u, delta, torch.tensor([[-1.0]]), B, C, torch.tensor([10.0]), form="reference")
    first = 0.5 * 1 * 2
    second = np.exp(-0.25) * first + 0.25 * 2 * 3
    np.testing.assert_allclose(y.ravel(), [4 * first + 20, 5 * second + 30], rtol=1e-6)


@settings(max_examples=20, deadline=None)
@given(
    batch=st.integers(1, 3),
    steps=st.sampled_from([1, 2, 3, 17]),
    channels=st.sampled_from([1, 3, 8, 33]),
    states=st.sampled_from([1, 2, 5, 16, 64]),
    seed=st.integers(0, 999),
)
def test_cpu_is_the_reference(batch, steps, channels, states, seed):
    assert_same_function("cpu", draw(batch, steps, channels, states, seed))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_cpu_with_more_or_fewer_threads_than_sequences(threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert_same_function("cpu", draw(3, 7, 4, 3))
    finally:
        torch.set_num_threads(before)


def test_cpu_with_non_contiguous_input():
    u, delta, A, B, C, D = draw(6, 10, 8, 4)
    arguments = [
        u[::2].transpose(1, 2).contiguous().transpose(1, 2),
        delta[1::2],
        A.T.contiguous().T,
        B[:3].flip(1),
        C[::2],
        D.repeat(2)[::2][:8],
    ]
    arguments = [argument.detach().requires_grad_() for argument in arguments]
    assert not arguments[0].is_contiguous()
    assert_same_function("cpu", arguments)


def test_cpu_with_extreme_steps():
    """Decays from exp(-1e4) to exp(0): nothing overflows, underflow is zero for all purposes."""
    u, delta, A, B, C, D = (x.detach() for x in draw(2, 6, 4, 3))
    delta = torch.tensor([1e4, 1.0, 1e-30, 0.0])[None, None].expand_as(delta)
    u = u / delta.clamp(min=1.0)
    fast = selective_scan(u, delta, A, B, C, D, form="cpu")
    exact = selective_scan(*(x.double() for x in (u, delta, A, B, C, D)), form="reference")
    assert torch.isfinite(fast).all()
    assert relative(fast, exact) < LIMIT


def test_cpu_works_in_a_forked_process(tmp_path):
    """Threads do not survive a fork; a child must not wait for its parent's."""
    import multiprocessing

    arguments = [argument.detach() for argument in draw(4, 5, 3, 2)]
    expected = selective_scan(*arguments, form="cpu")

    def child():
        torch.set_num_threads(2)
        torch.save(selective_scan(*arguments, form="cpu"), tmp_path / "y.pt")

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == 0
    torch.testing.assert_close(torch.load(tmp_path / "y.pt", weights_only=True), expected)



@pytest.mark.cuda
@pytest.mark.skipif(cuda.failure() is not None, reason=f"no CUDA kernel: {cuda.failure()}")
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 17, 96, 16), (3, 481, 33, 5)])
def test_cuda_is_the_reference(shape):
    assert_same_function("cuda", draw(*shape, device="cuda"))


def test_choice():
    assert choose("cpu") == "cpu"
    assert choose("cpu", torch.float64) == "reference"
    assert choose("meta") == "reference"


def test_choice_without_numba(monkeypatch):
    monkeypatch.setattr(package, "unusable", lambda form: "gone" if form == "cpu" else None)
    assert choose("cpu") == "reference"


def test_half_precision_keeps_its_type():
    arguments = [argument.detach().bfloat16() for argument in draw(1, 4, 3, 2)]
    output = selective_scan(*arguments)
    assert output.dtype == torch.bfloat16
    exact = selective_scan(*(argument.double() for argument in arguments), form="reference")
    assert relative(output, exact) < 1e-2


@pytest.mark.parametrize(
    ("form", "words"), [("fast", "unknown selective scan 'fast'"), ("cuda", "cannot run")]
)
def test_a_form_that_cannot_run_says_why(form, words):
    with pytest.raises(ValueError, match=words):
        selective_scan(*draw(1, 2, 2, 1), form=form)


def test_report_names_one_active_form_and_a_remedy_for_what_is_missing():
    statuses = report()
    assert [status.name for status in statuses] == ["reference", "cpu", "cuda"]
    assert sum(status.active for status in statuses) == 1
    for status in statuses:
        assert status.reason
        assert status.available == (not status.remedy) == (unusable(status.name) is None)
