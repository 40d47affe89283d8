import csv

import numpy as np
import pytest
import torch
from scipy import stats

from espnet_plugin.analysis.influence import (
    analyse_influence,
    influence_maps,
    influential,
    intersection_over_union,
    overlaps,
    summarise,
    wilcoxon,
)
from espnet_plugin.errors import UserError
from espnet_plugin.semamba_pp.network import SEMambaPP

from .conftest import is_png


def test_influential_cells_by_hand():
    values = np.array([[0.1, 0.9, 0.3], [0.8, 0.2, 0.7]])
    assert influential(values, 1 / 3).tolist() == [[False, True, False], [True, False, False]]
    assert np.count_nonzero(influential(np.zeros((10, 10)), 0.1)) == 10  # also where all are equal


def test_intersection_over_union_by_hand():
    first, second = np.array([1, 1, 1, 0, 0], bool), np.array([0, 0, 1, 1, 0], bool)
    assert intersection_over_union(first, second) == 1 / 4
    assert intersection_over_union(first, first) == 1.0
    assert intersection_over_union(first & False, first & False) == 1.0


def test_wilcoxon_by_hand():
    # All of five differences have one sign: 2 of the 2^5 ways of choosing signs are as extreme.
    assert wilcoxon([1, 2, 3, 4, 5]) == pytest.approx(2 / 32)
    assert np.isnan(wilcoxon([0.0, 0.0]))


def test_independent_choices_overlap_by_chance():
    random = np.random.default_rng(0)
    pairs = [[influential(random.random((200, 100))) for _ in range(2)] for _ in range(9)]
    values = [intersection_over_union(*pair) for pair in pairs]
    assert np.mean(values) == pytest.approx(0.1 / 1.9, rel=0.1)


def test_influence_is_the_gradient(network, spectrum, recordings):
    magnitude, phase = spectrum.analyse(torch.from_numpy(recordings[0][1])[None])
    maps, restored = influence_maps(network, magnitude, phase)
    frames = magnitude.shape[2]
    assert len(maps) == 6 and all(map_.shape == (frames, 100) for map_ in maps.values())
    assert restored.shape == (201, frames)
    # The finest level's influence against a difference quotient at its largest cell.
    frame, bin = np.unravel_index(maps[1, 0].argmax(), maps[1, 0].shape)
    module = network.double().blocks[1].levels[0].frequency

    def shifted(step):
        def add(module, inputs, output):
            output = output.clone()
            output[:, :, frame, bin] += step
            return output

        handle = module.register_forward_hook(add)
        try:
            return network(magnitude.double(), phase.double())[0].sum()
        finally:
            handle.remove()

    channels = network.blocks[0].levels[0].norm.weight.numel()
    with torch.no_grad():
        steps = 1e-5 * torch.eye(channels).double()
        quotients = [(shifted(step) - shifted(-step)) / 2e-5 for step in steps]
    network.float()
    assert maps[1, 0][frame, bin] == pytest.approx(float(torch.stack(quotients).norm()), rel=1e-3)


def test_levels_that_look_at_the_same_and_at_others():
    left, right = np.zeros((10, 10)), np.zeros((10, 10))
    left[0], right[9] = 1.0, 1.0
    rows = overlaps({(0, 0): left, (0, 1): left, (0, 2): right}, np.zeros((21, 10), np.float32))
    ious = {(row["first"], row["second"]): row["iou"] for row in rows if row["block"] == "all"}
    assert ious["level 0", "level 1"] == 1.0
    assert ious["level 0", "level 2"] == ious["level 1", "level 2"] == 0.0


def test_the_table_tests_over_recordings():
    values = [0.2, 0.3, 0.25, 0.4, 0.35, 0.22]
    rows = []
    for name, value in enumerate(values):
        for first, second, iou in [
            ("level 0", "level 1", value),
            ("level 0", "loudest", value),
            ("level 1", "loudest", value / 2 + 0.1),
        ]:
            rows.append({"recording": name, "block": "all", "first": first, "second": second, "iou": iou})
    pair, loud, last = summarise(rows)
    assert pair["mean"] == pytest.approx(np.mean(values)) and pair["recordings"] == 6
    assert pair["wilcoxon_p"] == pytest.approx(2 / 2**6)  # all above chance
    halves = np.array(values) / 2 - 0.1
    assert loud["tested_against"] == "level 1 with the loudest"
    assert loud["wilcoxon_p"] == pytest.approx(stats.wilcoxon(halves[halves != 0]).pvalue)
    assert np.isnan(last["wilcoxon_p"])


def test_files(network, spectrum, recordings, tmp_path):
    pytest.importorskip("matplotlib")
    scores, table, picture = analyse_influence(network, spectrum, recordings, tmp_path)
    with scores.open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 3 * 3 * (3 + 3)  # recordings, blocks with their sum, pairs and levels
    assert all(0 <= float(row["iou"]) <= 1 for row in rows)
    assert "wilcoxon_p" in table.read_text() and is_png(picture)


def test_networks_and_lists_that_do_not_do(network, spectrum, recordings, tmp_path):
    single = SEMambaPP(channels=4, blocks=1, resolutions=1, state_size=2, dense_depth=1)
    with pytest.raises(UserError, match="one resolution only"):
        analyse_influence(single, spectrum, recordings, tmp_path)
    with pytest.raises(UserError, match="no recording"):
        analyse_influence(network, spectrum, [], tmp_path)
