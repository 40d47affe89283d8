"""The LSTM over views gives the numbers of torch's over copies."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from espnet_plugin.gap_urgenet.recurrent import run_lstm


@given(
    items=st.integers(1, 5),
    steps=st.integers(4, 12),
    channels=st.integers(1, 6),
    kernel=st.integers(1, 4),
    units=st.integers(1, 8),
)
def test_numbers_of_torch(items, steps, channels, kernel, units):
    torch.manual_seed(0)
    lstm = torch.nn.LSTM(kernel * channels, units, batch_first=True, bidirectional=True)
    x = torch.randn(items, steps, channels)
    with torch.inference_mode():
        expected = lstm(x.unfold(1, kernel, 1).flatten(2))[0]
        torch.testing.assert_close(run_lstm(x, lstm, kernel).transpose(0, 1), expected, rtol=1e-4, atol=1e-5)
