"""Strict loading: every kind of misfit is named."""

import pytest
import torch
from torch import nn

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules.loading import check_keys, load_strictly, read_state_dict


def test_a_fitting_file_loads(tmp_path):
    saved, model = nn.Linear(3, 2), nn.Linear(3, 2)
    torch.save(saved.state_dict(), tmp_path / "m.pth")
    load_strictly(model, tmp_path / "m.pth")
    torch.testing.assert_close(model.weight, saved.weight)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda s: s.pop("bias"), r"of 2 tensors 1 missing \(first: bias\)"),
        (lambda s: s.update(extra=torch.zeros(1)), r"1 unexpected \(first: extra\)"),
        (lambda s: s.update(weight=torch.zeros(2, 4)), r"1 misshapen.*weight is \(2, 4\) instead"),
    ],
)
def test_misfits_are_named(change, message):
    model = nn.Linear(3, 2)
    states = dict(nn.Linear(3, 2).state_dict())
    change(states)
    with pytest.raises(UserError, match=message):
        check_keys(model, states)


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        read_state_dict(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("no model")
    with pytest.raises(UserError, match="damaged or no model file"):
        read_state_dict(tmp_path / "text.pth")
    torch.save({"model": {}, "epoch": 3}, tmp_path / "training.pth")
    with pytest.raises(UserError, match="use model.pth"):
        read_state_dict(tmp_path / "training.pth")
