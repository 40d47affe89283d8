"""The form for inference gives the numbers of ESPnet's block."""

from unittest import mock

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.gap_urgenet.grid_block import GridBlock
from espnet_plugin.gap_urgenet.grid_net import GridNet


def block(**sizes):
    torch.manual_seed(0)
    options = {"emb_dim": 12, "emb_ks": 4, "emb_hs": 1, "hidden_channels": 6, "n_head": 3} | sizes
    result = GridBlock(**options).eval()
    for parameter in result.parameters():  # norms and slopes of their own for every channel
        parameter.data += 0.2 * torch.randn_like(parameter)
    return result


@given(
    items=st.integers(1, 3),
    frames=st.integers(1, 9),
    bins=st.integers(1, 9),
    units=st.sampled_from([6, 36]),
    query=st.integers(2, 4),
)
def test_numbers_of_espnet(items, frames, bins, units, query):
    own = block(hidden_channels=units, qk_output_channel=query)
    x = torch.randn(items, 12, frames, bins)
    with torch.inference_mode():
        found = own.infer(x.permute(2, 0, 3, 1).contiguous()).permute(1, 3, 0, 2)
        # With two channels the norms of queries are nearly signs, so rounding grows.
        torch.testing.assert_close(found, own(x), rtol=1e-3, atol=1e-3 if query == 2 else 2e-5)


@pytest.mark.parametrize(
    ("kernel", "hop", "dtype", "fast"),
    [
        (4, 1, torch.float32, True),
        (4, 2, torch.float32, False),
        (4, 4, torch.float32, False),
        (3, 1, torch.float32, False),
        (4, 1, torch.float64, False),
    ],
)
def test_which_form_runs(kernel, hop, dtype, fast):
    network = GridNet(2, 2, 4, 2, 4, heads=2, query_channels=3, kernel=kernel, hop=hop).eval().to(dtype)
    x = torch.randn(1, 2, 8, 8, dtype=dtype)
    with mock.patch.object(GridBlock, "infer", side_effect=GridBlock.infer, autospec=True) as infer:
        with torch.inference_mode():
            fast_result = network(x)
        assert infer.called == fast
        infer.reset_mock()
        torch.testing.assert_close(network(x).detach(), fast_result, rtol=1e-4, atol=1e-5)
        assert not infer.called  # gradients need ESPnet's form
