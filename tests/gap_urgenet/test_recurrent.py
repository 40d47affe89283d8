"""The LSTM by tiles gives the numbers of ESPnet's order, on any number of threads."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from espnet_plugin.gap_urgenet.recurrent import recur_


@given(
    items=st.integers(1, 5),
    steps=st.integers(4, 15),
    channels=st.integers(1, 6),
    units=st.integers(1, 8),
    axis=st.integers(0, 1),
    gain=st.sampled_from([1, 30]),
)
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_numbers_of_espnet(items, steps, channels, units, axis, gain, threads):
    torch.manual_seed(0)
    norm = nn.LayerNorm(channels)
    lstm = nn.LSTM(4 * channels, units, batch_first=True, bidirectional=True)
    spread = nn.ConvTranspose1d(2 * units, channels, 4)
    for parameter in (*norm.parameters(), *spread.parameters()):
        parameter.data += 0.3 * torch.randn_like(parameter)
    for parameter in lstm.parameters():  # with the gain, gates are wide open or shut
        parameter.data *= gain
    x = torch.randn(items, steps, channels)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        with torch.inference_mode():
            heard = lstm(norm(x).unfold(1, 4, 1).flatten(2))[0]
            expected = x + spread(heard.transpose(1, 2)).transpose(1, 2)
            found = x.transpose(0, 1 - axis).contiguous()
            recur_(found, axis, norm, lstm, spread)
            # Steep gates raise what either order rounds.
            limits = {"rtol": 1e-4, "atol": 1e-5 * gain}
            torch.testing.assert_close(found.transpose(0, 1 - axis), expected, **limits)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
