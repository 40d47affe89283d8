"""Small random models of ESPnet in the layout of its hub: RawNet3, OWSM and OWSM-CTC."""

import random
import re
from argparse import Namespace
from pathlib import Path

import numpy as np
import sentencepiece
import torch
import yaml

LANGUAGES = ("<deu>", "<eng>", "<zho>")
TIMES = tuple(f"<{second}.00>" for second in range(31))
SYMBOLS = ("<na>", "<nolang>", *LANGUAGES, "<asr>", "<st_eng>", "<notimestamps>", *TIMES)
BPE_MODEL = "data/token_list/bpe_unigram50000/bpe.model"
STATISTICS = "exp/stats/train/feats_stats.npz"

RAWNET3 = {
    "frontend": "asteroid_frontend",
    "frontend_conf": {"sinc_stride": 16, "sinc_kernel_size": 251, "sinc_filters": 8},
    "encoder_conf": {"model_scale": 4, "ndim": 16, "output_size": 24},
    "projector_conf": {"output_size": 12},
    "loss": "aamsoftmax_sc_topk",
    "loss_conf": {"margin": 0.3, "scale": 30, "K": 3, "mp": 0.06, "k_top": 5},
    "spk_num": 7,
    "init": "chainer",  # a method that ESPnet 202611 dropped
}

_BRANCHFORMER = {
    "output_size": 16,
    "attention_heads": 2,
    "attention_layer_type": "selfattn",
    "pos_enc_layer_type": "abs_pos",
    "rel_pos_type": "latest",
    "cgmlp_linear_units": 16,
    "cgmlp_conv_kernel": 3,
    "linear_units": 16,
    "positionwise_layer_type": "linear",
    "use_ffn": True,
    "macaron_ffn": True,
    "merge_conv_kernel": 3,
    "use_flash_attn": True,  # as OWSM was trained; without a GPU the usual attention takes its place
}
_RECOGNISER = {
    "bpemodel": BPE_MODEL,
    "normalize": "global_mvn",
    "normalize_conf": {"stats_file": STATISTICS},
    "init": None,
}

OWSM = _RECOGNISER | {
    "frontend_conf": {"n_fft": 512, "win_length": 400, "hop_length": 160, "n_mels": 20, "fs": "16k"},
    "encoder": "e_branchformer",
    "encoder_conf": _BRANCHFORMER | {"num_blocks": 1, "input_layer": "conv2d"},
    "decoder": "transformer",
    "decoder_conf": {"attention_heads": 2, "linear_units": 16, "num_blocks": 1, "use_flash_attn": True},
    "model_conf": {"ctc_weight": 0.3, "sym_na": "<na>"},
    "preprocessor": "s2t",
    "preprocessor_conf": {
        "fs": 16000,
        "na_symbol": "<na>",
        "speech_length": 30,
        "speech_resolution": 1.0,
        "notime_symbol": "<notimestamps>",
        "first_time_symbol": "<0.00>",
        "last_time_symbol": "<30.00>",
    },
}
OWSM_CTC = _RECOGNISER | {
    "model": "espnet_ctc",
    "frontend_conf": {"n_fft": 512, "win_length": 400, "hop_length": 160, "n_mels": 20, "fs": "16k"},
    "encoder": "e_branchformer_ctc",
    "encoder_conf": _BRANCHFORMER
    | {
        "num_blocks": 2,
        "input_layer": "conv2d8",
        "interctc_layer_idx": [1],
        "interctc_use_conditioning": True,
        "use_cross_attention": [False, True],
    },
    "promptencoder_conf": {"output_size": 8, "attention_heads": 2, "linear_units": 8, "num_blocks": 1},
    "model_conf": {"interctc_weight": 0.5, "sym_na": "<na>", "ctc_asr_only": [True, False]},
    "preprocessor": "s2t_ctc",
    "preprocessor_conf": {"na_symbol": "<na>", "speech_length": 30, "nolang_symbol": "<nolang>"},
}


def build_tree(folder: Path, task, options: dict, prefix: str = ""):
    """Write the tree of a random model.

    Args:
        folder: made; gets `meta.yaml` and what it names.
        task: ESPnet's class.
        options: what the configuration sets besides the task's defaults.
        prefix: of the keys in `meta.yaml`, such as `s2t_`.

    Returns:
        the network.
    """
    experiment = "exp/train_small_raw"
    (folder / experiment).mkdir(parents=True)
    config = task.get_default_config() | options
    if "bpemodel" in options:
        config["token_list"] = _write_tokens(folder / BPE_MODEL)
        (folder / STATISTICS).parent.mkdir(parents=True)
        mels = config["frontend_conf"]["n_mels"]
        np.savez(folder / STATISTICS, count=10, sum=np.full(mels, -50.0), sum_square=np.full(mels, 300.0))
    (folder / experiment / "config.yaml").write_text(
        yaml.safe_dump(config, allow_unicode=True), encoding="utf-8"
    )
    meta = {
        "espnet": "202412",
        "files": {f"{prefix}model_file": f"{experiment}/valid.ave.pth"},
        "yaml_files": {f"{prefix}train_config": f"{experiment}/config.yaml"},
    }
    (folder / "meta.yaml").write_text(yaml.safe_dump(meta), encoding="utf-8")

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = task.build_model(_arguments(config, folder))
        for name, tensor in network.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2.0)
            elif tensor.is_floating_point() and not name.startswith("normalize."):
                tensor.add_(0.05 * torch.randn_like(tensor))
    tensors = network.state_dict()
    if options is OWSM:  # ESPnet 202611 has another name for these, but not for those of OWSM-CTC
        old = re.compile(r"(embed\.out)\.(weight|bias)$")
        tensors = {old.sub(r"\1.0.\2", name): tensor for name, tensor in tensors.items()}
    torch.save(tensors, folder / experiment / "valid.ave.pth")
    return network.eval()


def _arguments(config: dict, folder: Path) -> Namespace:
    arguments = dict(config, init=None)
    if "normalize_conf" in config and "stats_file" in config["normalize_conf"]:
        arguments["normalize_conf"] = {"stats_file": str(folder / STATISTICS)}
    return Namespace(**arguments)


def _write_tokens(path: Path) -> list[str]:
    """A tokeniser trained on a few sentences; returns the list of tokens."""
    words = "the birch canoe slid on smooth planks glue sheet to dark blue background".split()
    shuffle = random.Random(0)
    sentences = [" ".join(shuffle.sample(words, 6)) for _ in range(50)]
    path.parent.mkdir(parents=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_prefix=str(path.with_suffix("")),
        vocab_size=90,
        hard_vocab_limit=False,
        user_defined_symbols=list(SYMBOLS),
        minloglevel=2,
    )
    model = sentencepiece.SentencePieceProcessor(model_file=str(path))
    pieces = [model.id_to_piece(number) for number in range(model.get_piece_size())]
    plain = [piece for piece in pieces if piece not in {"<unk>", "<s>", "</s>", *SYMBOLS}]
    return ["<blank>", "<unk>", *SYMBOLS, *plain, "<sos>", "<eos>", "<sop>"]
