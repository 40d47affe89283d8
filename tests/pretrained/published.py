"""A small experiment as the recipe leaves it, with paths of its machine in every text."""

import json
from pathlib import Path

import torch
import yaml

from espnet_plugin.semamba_pp.network import SEMambaPP

OPTIONS = {"channels": 4, "blocks": 1, "dense_depth": 2, "state_size": 2}
#: Not a picture, but nobody looks.
PICTURE = bytes(range(256)) * 12


def small_network() -> SEMambaPP:
    """Random weights, the same in every call."""
    torch.manual_seed(0)
    return SEMambaPP(**OPTIONS)


def means(**values: float) -> str:
    """The content of a scores.json."""
    metrics = {
        name: {"mean": mean, "confidence_interval": [mean - 0.25, mean + 0.25], "count": 2, "nan": 0}
        for name, mean in values.items()
    }
    return json.dumps({"files": 2, "confidence": 0.95, "metrics": metrics})


def make_experiment(folder: Path) -> Path:
    """Write what stages 4 to 7 leave in ``folder`` and in ``statistics`` beside it."""
    statistics = folder.parent / "statistics"
    for place in ("images", "scores/test/noisy", "scores/test/enhanced", "enhanced/test"):
        (folder / place).mkdir(parents=True)
    (statistics / "train").mkdir(parents=True)
    config = {
        "config": f"{folder}/train_config.yaml",
        "train_shape_file": [f"{statistics}/train/speech_shape"],
        **{"encoder": "same", "separator": "semamba_pp", "separator_conf": OPTIONS, "decoder": "same"},
        "preprocessor_conf": {
            "noise_scp": f"{folder.parent}/my data/noise.scp",
            "list": ["/x/y z", "~/rooms/a"],
        },
        **{"sample_rate": 16000, "output_dir": str(folder), "max_epoch": 2},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    state = {f"separator.network.{name}": tensor for name, tensor in small_network().state_dict().items()}
    torch.save(state, folder / "model.pth")
    facts = {"files": 3, "hours": 0.5, "speakers": 2, "rates_hz": {"16000": 3}}
    facts |= {"languages": {"deu": 2, "zh-CN": 1}, "distortions": {"clipping": 1}}
    (statistics / "statistics.json").write_text(json.dumps({"train": facts, "valid": facts}))
    (folder / "scores/test/noisy/scores.json").write_text(means(PESQ=1.5, SI_SDR=-2.0))
    (folder / "scores/test/enhanced/scores.json").write_text(means(PESQ=2.25, SI_SDR=4.5))
    record = {"finished": True, "summary": {"parameters": 1_234_567}}
    (folder / "enhanced/test/enhance.stage.json").write_text(json.dumps(record))
    (folder / "history.csv").write_text("epoch,train_loss\n1,3\n2,2\n")
    (folder / "images/training_curve.png").write_bytes(PICTURE)
    (folder / "RESULTS.md").write_text(
        "# Results\n\n![curve](images/training_curve.png)\n\n"
        f"```\n./run.sh --extra_test a={folder.parent}/noisy\\,{folder.parent}/my\\ clean\n```\n"
    )
    return folder
