"""The network against the official model's numbers, and its own behaviour."""

import zlib

import numpy as np
import pytest
import torch

from espnet_plugin.pretrained.semamba_pp import to_official
from espnet_plugin.semamba_pp.dense import LearnableSoftplus
from espnet_plugin.semamba_pp.network import SEMambaPP
from tests.semamba_pp.parity import relative_rms, rule_made_network

TOY = {"channels": 4, "blocks": 1, "dense_depth": 2, "state_size": 2}


@pytest.fixture(scope="module")
def official():
    """The fixture's arrays, loaded by `numbers`; kept per module."""
    return {}


@pytest.fixture
def numbers(shared, official):
    if not official:
        with np.load(shared / "fixtures" / "semamba_pp_parity.npz") as file:
            official.update({name: file[name] for name in file.files})
    return official


def features(numbers, dtype):
    """Magnitude and phase (1, F, T) that the official model got."""
    return [torch.from_numpy(numbers[name]).to(dtype)[None] for name in ("noisy_mag", "noisy_pha")]


def complex_output(magnitude, phase):
    return magnitude.numpy()[0] * np.exp(1j * phase.numpy()[0])


def complex_reference(numbers):
    return numbers["out_mag"] * (numbers["out_pha_cos"] + 1j * numbers["out_pha_sin"])


def test_size():
    network = SEMambaPP()
    assert sum(parameter.numel() for parameter in network.parameters()) == 2_655_521
    assert len(network.state_dict()) == 849


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 2e-5), (torch.float64, 1e-7)])
def test_output_of_the_official_model(numbers, dtype, limit):
    network = rule_made_network().to(dtype)
    with torch.inference_mode():
        output = complex_output(*network(*features(numbers, dtype)))
    assert relative_rms(output, complex_reference(numbers)) < limit


def test_the_old_wiring_is_another_function(numbers):
    network = rule_made_network(wiring="old")
    with torch.inference_mode():
        output = complex_output(*network(*features(numbers, torch.float32)))
    # The fixture's table: 0.34 over the first 81 frames.
    assert 0.2 < relative_rms(output[:, :81], complex_reference(numbers)[:, :81]) < 0.5


def taps():
    """Fixture name -> (module of ours, its input or its output)."""
    block = "blocks.0."
    table = {
        "encoder.conv1": ("encoder.expand", "output"),
        "encoder.dense": ("encoder.dense", "output"),
        "encoder.out": ("encoder", "output"),
        "mag.dense": ("magnitude_decoder.dense", "output"),
        "mag.before_softplus": ("magnitude_decoder.scale", "output"),
        "phase.dense": ("phase_decoder.dense", "output"),
        "block0.down1": (block + "down.0", "output"),
        "block0.down2": (block + "down.1", "output"),
        "block0.up0": (block + "up.0", "output"),
        "block0.up1": (block + "up.1", "output"),
        "block0.gate0": (block + "fuse.0", "output"),
        "block0.gate1": (block + "fuse.1", "output"),
    }
    table |= {f"block{k}.out": (f"blocks.{k}", "output") for k in range(4)}
    for r in range(3):
        level, ours = f"block0.level{r}.", f"{block}levels.{r}."
        table |= {
            level + "time_mamba": (ours + "time", "input"),
            level + "before_layernorm": (ours + "norm", "input"),
            level + "layernorm": (ours + "norm", "output"),
            level + "gp": (ours + "frequency.global_path", "output"),
            level + "local": (ours + "frequency.local_path", "output"),
            level + "glp": (ours + "frequency", "output"),
            level + "channel_ffn": (ours + "channel", "output"),
        }
    return table


def test_every_tap_of_the_official_model(numbers):
    network = rule_made_network()
    seen = {}

    def keep(name, side):
        def hook(module, inputs, output):
            value = inputs[0] if side == "input" else output
            # Maps have an axis for items, sequences of Mamba (bins, frames, channels) have none.
            seen[name] = (value[0] if value.ndim == 4 else value).detach()

        return hook

    for name, (path, side) in taps().items():
        network.get_submodule(path).register_forward_hook(keep(name, side))
    network(*features(numbers, torch.float32))  # with gradients: kernels skip modules

    # Both directions side by side exist in the plain form only; from its input each layer can be asked.
    for name in [name for name in seen if name.endswith("time_mamba")]:
        time = network.get_submodule(taps()[name][0])
        with torch.inference_mode():
            seen[name] = torch.cat((time.forward_layer(seen[name]), time.backward_layer(seen[name], True)), -1)
    names = {name.split("/")[1] for name in numbers if name.startswith("tap/")}
    assert names == set(seen)
    for name in sorted(names):
        value = seen[name].numpy()
        reference = numbers[f"tap/{name}/sub"]
        thinned = value[tuple(slice(None, None, -(-size // 12)) for size in value.shape)]
        assert thinned.shape == reference.shape, name
        assert relative_rms(thinned, reference) < 2e-5, name
        mean, deviation = numbers[f"tap/{name}/mean_std"]
        assert value.mean() == pytest.approx(mean, abs=1e-5 * deviation + 1e-6), name
        assert value.std() == pytest.approx(deviation, rel=1e-4), name


def test_gradients_of_the_official_model(shared, numbers):
    with np.load(shared / "fixtures" / "semamba_pp_losses.npz") as losses:
        names, expected = losses["grad_names"], losses["grad_l2_dot"]
        grad_loss = losses["grad_loss"][0]
        clean = [torch.from_numpy(losses[name][:, :41]).double()[None] for name in ("clean_mag", "clean_pha")]
    network = rule_made_network().double()
    magnitude, phase = network(*(x[..., :41] for x in features(numbers, torch.float64)))
    real_and_imaginary = [
        torch.stack((m * p.cos(), m * p.sin())) for m, p in ((clean[0], clean[1]), (magnitude, phase))
    ]
    loss = 0.9 * (clean[0] - magnitude).square().mean()
    loss += 0.2 * (real_and_imaginary[0] - real_and_imaginary[1]).square().mean()
    assert loss.item() == pytest.approx(grad_loss, rel=1e-7)

    loss.backward()
    gradients = to_official({name: parameter.grad for name, parameter in network.named_parameters()})
    assert set(gradients) == set(names)
    checked = 0
    for name, (norm, projection) in zip(names, expected):
        gradient = gradients[str(name)].numpy().ravel()
        if norm < 1e-10:  # biases in front of an instance norm
            assert np.linalg.norm(gradient) < 1e-9, name
            continue
        direction = np.random.RandomState(zlib.crc32(f"grad{name}".encode())).standard_normal(gradient.size)
        assert np.linalg.norm(gradient) == pytest.approx(norm, rel=1e-6), name
        assert gradient @ direction == pytest.approx(projection, abs=1e-6 * norm * np.sqrt(gradient.size)), name
        checked += 1
    assert checked == 816


def test_softplus_of_the_official_model(numbers):
    softplus = LearnableSoftplus(len(numbers["softplus/param"])).double()
    softplus.log_slope.data.copy_(torch.from_numpy(numbers["softplus/param"]))
    x = torch.from_numpy(numbers["softplus/x"])
    with torch.inference_mode():
        y = softplus(x[:, None].expand(-1, len(softplus.log_slope)))
    np.testing.assert_allclose(y.T.numpy(), numbers["softplus/y"], rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("frames", [3, 4, 17])
@pytest.mark.parametrize("resolutions", [1, 2, 3])
def test_shapes_and_range(frames, resolutions):
    torch.manual_seed(0)
    network = SEMambaPP(**TOY, resolutions=resolutions)
    magnitude, phase = network(torch.rand(2, 201, frames), torch.randn(2, 201, frames))
    assert magnitude.shape == phase.shape == (2, 201, frames)
    assert (magnitude >= 0).all()
    assert (phase.abs() <= torch.pi).all()


def test_items_of_a_batch_do_not_mix():
    torch.manual_seed(0)
    network = SEMambaPP(**TOY).eval()
    x = torch.rand(3, 201, 9), torch.randn(3, 201, 9)
    with torch.inference_mode():
        together = network(*x)
        alone = network(x[0][1:2], x[1][1:2])
    torch.testing.assert_close(together[0][1:2], alone[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"wiring": "new"}, "unknown wiring"),
        ({"wiring": "old", "resolutions": 2}, "3 resolutions"),
        ({"rate_hz": 16160, "resolutions": 3}, "cannot be halved"),
    ],
)
def test_impossible_networks_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        SEMambaPP(**{**TOY, **options})
