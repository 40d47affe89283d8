"""Stage 1: the corpus, built in or out of the user's folders."""

from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.recipe.folder_corpus import list_folders

CORPORA = ("mini", "folder", "urgent26")
MINI_UTTERANCES = 300


def prepare_corpus(
    kind: str,
    corpus_dir: str | Path,
    clean_dir: str | Path | None = None,
    noise_dir: str | Path | None = None,
    rir_dir: str | Path | None = None,
    seed: int = 0,
    utterances: int = MINI_UTTERANCES,
    force: bool = False,
) -> None:
    """Make the corpus folder with its lists for train, valid and test.

    Args:
        kind: ``mini`` (built in) or ``folder`` (of the user); for ``urgent26`` see ``urgent26_corpus``.
        corpus_dir: where it goes.
        clean_dir, noise_dir, rir_dir: for ``folder``: clean speech, noise and, if any, impulse responses.
        seed, utterances: of the built-in corpus.
        force: make it again.

    Raises:
        UserError: an unknown corpus, or folders that are missing, empty or too small.
    """
    if kind not in CORPORA:
        raise UserError(f"--corpus {kind} is unknown; choose from {', '.join(CORPORA)}")
    folders = {"--clean_dir": clean_dir, "--noise_dir": noise_dir, "--rir_dir": rir_dir}
    if kind == "mini":
        for option, folder in folders.items():
            if folder:
                raise UserError(f"{option} goes with --corpus folder; the built-in corpus needs no folder")
        from espnet_plugin.mini_corpus.build import build_corpus

        # It keeps its own record of settings and goes on where it stopped.
        built = build_corpus(corpus_dir, seed, utterances, force)
        print(f"{corpus_dir}: the built-in corpus" + ("" if built else " (already done)"))
        return
    for option in ("--clean_dir", "--noise_dir"):
        if not folders[option]:
            raise UserError(f"--corpus folder needs {option}; name a folder of audio files")
    for option, folder in folders.items():
        if folder and not Path(folder).is_dir():
            raise UserError(f"{option} {folder} does not exist; correct the path")
    rirs = Path(rir_dir) if rir_dir else None
    list_folders(Path(corpus_dir), Path(clean_dir), Path(noise_dir), rirs, force)
