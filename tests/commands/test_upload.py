"""``urgent26 upload`` as users start it: its own process, the hub and the token from the environment."""

import os
import subprocess
import sys

from tests.pretrained.hub_stand_in import TOKEN, running_hub
from tests.pretrained.published import make_experiment


def test_upload_and_again(tmp_path):
    experiment = make_experiment(tmp_path / "small")

    def upload(*options, token=TOKEN):
        environment = os.environ | {
            **{"HF_ENDPOINT": hub.url, "HF_TOKEN": token, "HF_HOME": str(tmp_path / "hf")},
            **{"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"},
        }
        words = [
            sys.executable,
            "-m",
            "espnet_plugin.cli",
            "upload",
            experiment,
            "--repo",
            "me/small",
            *options,
        ]
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    with running_hub() as hub:
        done = upload("--message", "my first", "--private")
        assert done.returncode == 0, done.stderr
        assert "me/small created: 6 of 6 files sent" in done.stdout
        repository = hub.repositories["me/small"]
        assert repository.private and repository.commits[-1] == "urgent26 upload: my first"
        repository.put("Update README.md", {"README.md": b"theirs"})
        refused = upload()
        assert refused.returncode == 2 and refused.stdout.count("already done") == 1
        assert "urgent26 upload: me/small holds other versions of README.md" in refused.stderr
        assert "--overwrite" in refused.stderr and repository.files["README.md"] == b"theirs"
        for answer in (done, refused):
            assert TOKEN not in answer.stdout + answer.stderr
