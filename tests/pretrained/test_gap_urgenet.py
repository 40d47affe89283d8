"""The five official files, our pack, and one-line refusals."""

import io
import pickle
import re
from contextlib import redirect_stdout

import pytest
import torch

import espnet_plugin
from espnet_plugin.errors import UserError
from espnet_plugin.pretrained import gap_urgenet as pretrained
from espnet_plugin.pretrained.gap_urgenet_names import PARTS
from tests.gap_urgenet.parity import SECTIONS, meta
from tests.gap_urgenet.tiny import tiny_network


@pytest.fixture(scope="module")
def network():
    return tiny_network()


@pytest.fixture
def folder(network, tmp_path):
    """The five files in the official layout."""
    pretrained.save_official(tmp_path / "official", network)
    return tmp_path / "official"


def assert_same(loaded, network):
    found, expected = loaded.state_dict(), network.state_dict()
    assert found.keys() == expected.keys()
    for name in found:
        assert torch.equal(found[name], expected[name]), name


def change(path, **entries):
    """Rewrite some entries of an official file; None drops one."""
    content = torch.load(path, weights_only=True) | entries
    torch.save({key: value for key, value in content.items() if value is not None}, path)


def refusal(checkpoint, **options) -> str:
    with pytest.raises(UserError) as caught:
        espnet_plugin.load("gap_urgenet", checkpoint=checkpoint, device="cpu", **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_official_folder_and_dict(folder, network):
    assert_same(espnet_plugin.load("gap_urgenet", checkpoint=folder, device="cpu").network, network)
    by_file = {part.file: folder / f"{part.file}.pt" for part in PARTS.values()}
    by_part = {name: folder / f"{part.file}.pt" for name, part in PARTS.items()}
    for paths in (by_file, by_part):
        assert_same(espnet_plugin.load("gap_urgenet", checkpoint=paths, device="cpu").network, network)


def test_the_key_of_the_training_code(folder, network):
    content = torch.load(folder / "Vocoder.pt", weights_only=True)
    torch.save({"generator": content["model"], "cfg": content["cfg"]}, folder / "Vocoder.pt")
    assert_same(pretrained.load_network(folder), network)


def test_one_file_of_ours(network, tmp_path):
    pretrained.save_pack(tmp_path / "gap.safetensors", network)
    loaded = espnet_plugin.load("gap_urgenet", checkpoint=tmp_path / "gap.safetensors", device="cpu").network
    assert_same(loaded, network)
    assert loaded.options == network.options
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())


def test_loading_draws_no_random_numbers(folder, network, tmp_path):
    pretrained.save_pack(tmp_path / "gap.safetensors", network)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    for checkpoint in (folder, tmp_path / "gap.safetensors"):
        pretrained.load_network(checkpoint)
    assert torch.equal(torch.get_rng_state(), before)


def test_official_names_both_ways(shared, network):
    """Every key and shape of the official list, for the released sizes."""
    lines = (shared / "spec" / "gap_urgenet_state_dict.tsv").read_text().splitlines()[1:]
    listed = {(file, key): shape for file, key, shape in (line.split("\t") for line in lines)}
    with torch.device("meta"):
        network = type(network)()
    found = {
        (PARTS[name].file, key): str(list(tensor.shape))
        for name, (state, _) in pretrained.to_official(network).items()
        for key, tensor in state.items()
    }
    files = {part.file for part in PARTS.values()}
    assert found == {entry: shape for entry, shape in listed.items() if entry[0] in files}


@pytest.mark.parametrize("size", ["tiny", "full"])
def test_official_sizes_both_ways(shared, size):
    for name, part in PARTS.items():
        arguments = meta(shared)["configs"][size][SECTIONS[name]]
        options = part.options(arguments)
        assert part.options(part.arguments(options)) == options


def test_settings_of_the_encoders_training_are_no_sizes(folder, network):
    cfg = torch.load(folder / "DeWavLM-Omni.pt", weights_only=True)["cfg"]
    change(folder / "DeWavLM-Omni.pt", cfg=cfg | {"mask_prob": 0.8, "no_mask_overlap": False})
    assert_same(pretrained.load_network(folder), network)


@pytest.mark.parametrize("name", PARTS)
def test_each_missing_file_is_named(folder, name):
    file = folder / f"{PARTS[name].file}.pt"
    file.unlink()
    assert f"{file} is missing" in refusal(folder)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
def test_truncated_files(folder, kept, network, tmp_path):
    pretrained.save_pack(tmp_path / "gap.safetensors", network)
    for path, checkpoint in (
        (folder / "PostNet.pt", folder),
        (tmp_path / "gap.safetensors", tmp_path / "gap.safetensors"),
    ):
        content = path.read_bytes()
        path.write_bytes(content[: int(kept * len(content))])
        assert path.name in refusal(checkpoint)


@pytest.mark.parametrize(
    ("first", "second"), [("Adapter", "Vocoder"), ("Predictor", "PostNet"), ("DeWavLM-Omni", "Adapter")]
)
def test_swapped_files(folder, first, second):
    paths = [folder / f"{stem}.pt" for stem in (first, second)]
    contents = [path.read_bytes() for path in paths]
    for path, content in zip(paths, reversed(contents), strict=True):
        path.write_bytes(content)
    assert f"{first}.pt holds the weights of {second}.pt, not of {first}.pt" in refusal(folder)


@pytest.mark.parametrize(
    ("file", "key", "value", "words"),
    [
        ("Adapter", "dim", 64, "Adapter.pt does not fit its own cfg: .* of another shape"),
        ("Adapter", "num_layers", 3, "Adapter.pt does not fit its own cfg: 9 tensors missing"),
        ("Adapter", "num_layers", 1, "tensors unknown"),
        ("Adapter", "dim", 33, "no network can be built"),
        ("Adapter", "dim", "33", "a positive number is needed"),
        ("Adapter", "dim", -1, "a positive number is needed"),
        ("Adapter", "colour", 1, "unknown argument 'colour'"),
        ("Adapter", "input_channels", 32, "Adapter.pt does not fit its own cfg"),
        ("Vocoder", "n_fft", 640, "not 640 samples"),
        ("Predictor", "n_srcs", 2, "n_srcs is 2, and only 1 is supported"),
        ("Predictor", "fft_len", 32, "a window in seconds"),
        ("PostNet", "n_imics", 1, "PostNet.pt does not fit its own cfg"),
        ("PostNet", "n_bands", 5, "do not split into 5 bands"),
        ("DeWavLM-Omni", "layer_norm_first", False, "only True is supported"),
        ("DeWavLM-Omni", "encoder_layers", None, "encoder_layers is missing"),
        ("DeWavLM-Omni", "conv_feature_layers", "[__import__('os')]", "no list of convolutions"),
        ("DeWavLM-Omni", "conv_feature_layers", "[(8,10,5)]", "do not multiply to 320"),
    ],
)
def test_a_cfg_at_odds_with_its_tensors(folder, file, key, value, words):
    path = folder / f"{file}.pt"
    cfg = torch.load(path, weights_only=True)["cfg"] | {key: value}
    change(path, cfg={k: v for k, v in cfg.items() if v is not None})
    assert re.search(words, refusal(folder))


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"model": None}, "has no 'model' or no 'cfg' entry"),
        ({"cfg": None}, "has no 'model' or no 'cfg' entry"),
        ({"model": {"conv.0.weight": 3}}, "is no tensor"),
        ({"model": {}}, "tensors missing"),
    ],
)
def test_other_contents(folder, entries, words):
    change(folder / "PostNet.pt", **entries)
    assert words in refusal(folder)


def test_a_wrong_window(folder):
    model = torch.load(folder / "Vocoder.pt", weights_only=True)["model"]
    change(folder / "Vocoder.pt", model=model | {pretrained.WINDOW: torch.ones(1280)})
    assert "no periodic Hann window" in refusal(folder)


class Exploit:
    """Would run code if a checkpoint were unpickled without care."""

    def __reduce__(self):
        return (print, ("this must never be printed",))


def test_code_is_refused_and_not_run(folder):
    printed = io.StringIO()
    with redirect_stdout(printed):
        for save in (torch.save, lambda content, path: path.write_bytes(pickle.dumps(content))):
            save({"model": Exploit(), "cfg": {}}, folder / "Adapter.pt")
            assert "Adapter.pt" in refusal(folder)
    assert not printed.getvalue()


def test_other_wrong_checkpoints(folder, tmp_path):
    from safetensors.torch import save_file

    assert "is one file" in refusal(folder / "PostNet.pt")
    assert "does not exist" in refusal(tmp_path / "none.safetensors")
    assert "does not exist" in refusal(tmp_path / "nowhere")
    assert "'Harmoniser' is no part" in refusal({"Harmoniser": folder})
    assert "Vocoder.pt is not given" in refusal(
        {part.file: folder / f"{part.file}.pt" for name, part in PARTS.items() if name != "vocoder"}
    )
    for header, words in (
        ({"model": "other"}, "its header names other"),
        ({"model": "gap_urgenet"}, "does not say how"),
        ({"model": "gap_urgenet", "options": "[]"}, "no network can be built"),
        ({"model": "gap_urgenet", "options": "{}"}, "does not fit"),
    ):
        save_file({"a": torch.zeros(1)}, tmp_path / "odd.safetensors", header)
        assert words in refusal(tmp_path / "odd.safetensors")


def test_options_of_the_enhancer(folder):
    loaded = espnet_plugin.load(
        "gap_urgenet", checkpoint=folder, device="cpu", branch="predictive", level="match", packet_loss="off"
    )
    assert (loaded.branch, loaded.level, loaded.packet_loss) == ("predictive", "match", "off")
    assert "did you mean 'branch'" in refusal(folder, branches="fused")
    assert "choose fused, predictive, generative" in refusal(folder, branch="both")


def test_tensors_of_other_types_become_float32(folder, network):
    state = torch.load(folder / "Adapter.pt", weights_only=True)["model"]
    change(folder / "Adapter.pt", model={key: tensor.half() for key, tensor in state.items()})
    assert all(p.dtype == torch.float32 for p in pretrained.load_network(folder).parameters())
