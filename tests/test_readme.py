"""What the README tells people to type exists, and its Python runs."""

import importlib.util
import re
import shlex
import subprocess

import numpy as np
import pytest
import torch

from espnet_plugin.audio.write import write_audio
from espnet_plugin.cli import VERBS, Parser
from espnet_plugin.pretrained.load import save_official
from espnet_plugin.semamba_pp.network import SEMambaPP


PAGES = ("README.md", "egs2/urgent26/README.md")


@pytest.fixture(scope="module")
def pages(repository):
    """Name -> text of every page."""
    return {name: (repository / name).read_text(encoding="utf-8") for name in PAGES}


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)


def commands(page):
    """All command lines as lists of words, continuation lines joined, comments dropped."""
    lines = "\n".join(blocks(page, "bash")).replace("\\\n", " ").splitlines()
    parts = [part for line in lines for part in re.split(r"&&", line)]
    return [words for part in parts if (words := shlex.split(part, comments=True))]


def test_every_command_is_understood(pages, repository):
    checked = {"urgent26": 0, "./run.sh": 0, "python": 0, "make": 0, "pip": 0, "cd": 0}
    usage = subprocess.run(
        ["bash", repository / "egs2/urgent26/enh1/run.sh", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for program, *words in commands("\n".join(pages.values())):
        assert program in checked, f"nobody checks '{program}'"
        checked[program] += 1
        if program == "urgent26":
            parser = Parser()
            module, _ = VERBS[words[0]]
            importlib.import_module(module).add_arguments(parser)
            parser.parse_args(words[1:])
        elif program == "./run.sh":
            for option in words:
                assert not option.startswith("--") or f"{option} " in usage, option
        elif program == "python":
            assert words[0] == "-m" and importlib.util.find_spec(words[1]), words
        elif program == "make":
            assert re.search(rf"^{words[0]}:", (repository / "Makefile").read_text(), flags=re.MULTILINE)
        elif program == "cd":
            assert (repository / words[0]).is_dir()
    assert checked["urgent26"] >= 3 and checked["./run.sh"] >= 2 and checked["python"] >= 1


def test_the_python_lines_run(pages, tmp_path, monkeypatch):
    torch.manual_seed(0)
    save_official(tmp_path / "semambapp.pth", SEMambaPP().state_dict())
    write_audio(tmp_path / "noisy.wav", 0.1 * np.random.default_rng(0).standard_normal(1600), 16000)
    monkeypatch.chdir(tmp_path)
    code = blocks(pages["README.md"], "python")[0]
    namespace = {}
    exec(compile(code, "README.md", "exec"), namespace)
    assert (tmp_path / "clean.wav").is_file()
    assert namespace["clean"].shape == namespace["noisy"].shape


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page, pages, repository):
    links = [link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", pages[page]) if "://" not in link]
    assert len(links) > 3
    for link in links:
        assert ((repository / page).parent / link).exists(), link
