"""The training stage of the recipe: checks, trains or goes on, exports; does nothing when that is done."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from espnet_plugin.atomic_write import write_text
from espnet_plugin.config import load_config
from espnet_plugin.errors import UserError, missing_module
from espnet_plugin.espnet_modules.fresh_degradation import KEY, FreshDegradation, fresh_degradation
from espnet_plugin.espnet_modules.launch import Launch
from espnet_plugin.espnet_modules.training_log import logged, process_log

#: A checkpoint to start from, or one for each network by name.
Start = str | Path | Mapping[str, str | Path]

MARK = "training.json"
RESOLVED_CONFIG = "train_config.yaml"

#: May change between two starts of one training: they set when to stop and what to show, not what is learned.
_MAY_CHANGE = ("max_epoch", "patience", "log_interval", "use_tensorboard", "num_workers")

#: Changes the time a training takes; and last bits, where a cache is added or left out midway.
_WITHOUT_EFFECT = ("frozen_cache", "frozen_cache_gib")

#: ESPnet's name and type for each list.
_DATA_ROLES = {"wav.scp": "speech_mix,sound", "spk1.scp": "speech_ref1,sound", "utt2fs": "fs,text_int"}

#: Everything that a training writes into its folder, except for the log, which goes on.
_OWN_FILES = (
    *("checkpoint*.pth", "*epoch.pth", "*.best.pth", "*best.pth", "*.ave.pth", "latest.pth", "model.pth"),
    *("config.yaml", RESOLVED_CONFIG, MARK, "history.csv", "images/training_curve.png", "tensorboard"),
    *("invalid_batches.tsv", "origin.txt"),
)


def train(
    train_config: Path,
    data_dir: Path,
    statistics_dir: Path,
    exp_dir: Path,
    ngpu: int = 0,
    num_workers: int = 1,
    seed: int = 0,
    force: bool = False,
    enh_task: str = "auto",
    degradation: Path | None = None,
    corpus_dir: Path | None = None,
    init: Start | None = None,
    teacher: str | Path | None = None,
    frozen_cache: Path | None = None,
) -> Path:
    """Train the network of a configuration on the pairs of a data folder.

    A finished training with the same configuration and data is left alone (ESPnet is not even imported); one
    that was interrupted goes on after its last complete epoch.

    Args:
        train_config: YAML file, possibly a difference from a base.
        data_dir: holds ``train`` and ``valid``, each with ``wav.scp`` (degraded), ``spk1.scp`` (clean) and,
            if rates differ, ``utt2fs``.
        statistics_dir: holds ``train/speech_shape`` and ``valid/speech_shape``.
        exp_dir: receives everything.
        ngpu: number of GPUs; 0 trains on the CPU.
        num_workers: processes that read audio.
        seed: for weights, order and segments.
        force: throw away what ``exp_dir`` holds of an earlier training.
        enh_task: see ``choose_task``.
        degradation: YAML file of degradations, instead of the configuration's; with it the clean training
            speech is degraded anew in every epoch, and ``train/wav.scp`` is not needed.
        corpus_dir: for ``degradation``: the corpus of which ``train`` gives noises and rooms.
        init: checkpoint to start from, see ``espnet_plugin.pretrained.load.read_checkpoint``; for a part of
            GAP-URGENet see ``espnet_plugin.pretrained.gap_part.read_part``, and where several learn together,
            also one for each by name.
        teacher: GAP-URGENet that a student learns from, as ``espnet_plugin.load`` takes it; instead of
            ``frozen: {teacher: CHECKPOINT}`` in the configuration.
        frozen_cache: folder for what frozen networks give, instead of the configuration's.

    Returns:
        ``exp_dir/model.pth``, which loads together with ``exp_dir/config.yaml``.

    Raises:
        UserError: missing or unsuitable input, an unknown key, an ``exp_dir`` of another training, a training
            that failed (the log says why).
    """
    train_config, exp_dir = Path(train_config), Path(exp_dir)
    config = {**load_config(train_config), "seed": seed}
    if teacher is not None:
        if "target_weights" not in config:
            raise UserError(
                f"{train_config} trains no student, as gap_student.yaml does; leave the teacher out"
            )
        path = Path(teacher).expanduser()
        config["frozen"] = {"teacher": str(path.resolve() if path.exists() else teacher)}
    if frozen_cache is not None and not {"part", "target_weights"} & config.keys():
        raise UserError(f"{train_config} trains without frozen networks; leave frozen_cache out")
    clean_only = _is_clean_only(config)
    fresh = None if clean_only else fresh_degradation(config, train_config, degradation, corpus_dir)
    lists = _input_files(Path(data_dir), Path(statistics_dir), fresh, clean_only)
    identity = {"config": _told_apart(config, fresh, init), "data": _digest(lists)}
    if not force and _is_finished(exp_dir, identity):
        return exp_dir / "model.pth"

    launch = Launch.from_environment(os.environ)
    log = process_log(exp_dir, launch.rank)
    exp_dir.mkdir(parents=True, exist_ok=True)
    with _only_process(exp_dir) if launch.leads else contextlib.nullcontext():
        if not force:
            _refuse_other_training(exp_dir, identity)
        if launch.leads:
            for leftover in exp_dir.glob(".*.tmp"):  # of a killed run
                leftover.unlink()
            print(f"training, log in {log} (when stopped, it goes on from the last epoch)", flush=True)
        with _one_line_errors(log), logged(log):
            from espnet_plugin.espnet_modules.config_check import check_train_config
            from espnet_plugin.espnet_modules.export import export_history, export_model
            from espnet_plugin.espnet_modules.initial_weights import write_initial_weights
            from espnet_plugin.espnet_modules.task_choice import choose_task

            task = choose_task(config, enh_task)
            check_train_config(config, task, str(train_config))
            if launch.leads:
                if force:
                    _remove_own_files(exp_dir)
                write_text(exp_dir / RESOLVED_CONFIG, yaml.safe_dump(config, sort_keys=False))
                _write_mark(exp_dir, identity, finished=False)
            # Not the resolved file: other processes would read it before the first one has written it.
            command = _command(train_config, lists, exp_dir, ngpu, num_workers, seed)
            command += fresh.options() if fresh else []
            if teacher is not None:
                command += ["--frozen", json.dumps(config["frozen"])]
            if frozen_cache is not None:
                command += ["--frozen_cache", str(Path(frozen_cache).expanduser().resolve())]
            if init and launch.leads:  # the other processes take their weights over from the first
                command += ["--init_param", str(write_initial_weights(init, config, exp_dir))]
            task.main(cmd=command)
            if launch.leads:
                export_model(exp_dir)
                export_history(exp_dir)
        if launch.leads:
            _write_mark(exp_dir, identity, finished=True)
    return exp_dir / "model.pth"


def _told_apart(config: dict[str, Any], fresh: FreshDegradation | None, init: Start | None) -> dict:
    """The configuration with the content of what is given apart from it."""
    config = {key: value for key, value in config.items() if key not in _WITHOUT_EFFECT}
    config = {**config, KEY: fresh.content()} if fresh else config
    if frozen := config.get("frozen"):
        config = {**config, "frozen": checkpoint_identity(frozen)}
    return {**config, "init": checkpoint_identity(init)} if init else config


def start_of(exp_dir: Path) -> Any:
    """The identity of what a training started from; None if it is not known or started from nothing."""
    return ((_read_mark(exp_dir) or {}).get("config") or {}).get("init")


def checkpoint_identity(checkpoint: Start) -> str | dict[str, str]:
    """What tells one checkpoint from another: the content of its files, or the tag of a hub repository."""
    if isinstance(checkpoint, Mapping):
        return {name: checkpoint_identity(path) for name, path in checkpoint.items()}
    path = Path(checkpoint).expanduser()
    if path.is_dir() and not (path / "model.pth").is_file():  # several files make a model
        from espnet_plugin.enhance.record import content_digest

        return content_digest(path)
    path = path / "model.pth" if path.is_dir() else path
    if not path.is_file():
        return str(checkpoint)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_clean_only(config: dict[str, Any]) -> bool:
    """Whether degraded speech is not looked at."""
    if config.get("part") is None:
        return False
    from espnet_plugin.training.parts import PARTS

    return config["part"] in PARTS and PARTS[config["part"]].CLEAN_ONLY


def _input_files(
    data_dir: Path, statistics_dir: Path, fresh: FreshDegradation | None, clean_only: bool = False
) -> dict[str, Path]:
    """The lists by the names ``train/wav.scp`` and so on."""
    files = {}
    for split in ("train", "valid"):
        needless = clean_only or (fresh and split == "train")
        names = ["spk1.scp"] if needless else ["wav.scp", "spk1.scp"]
        files |= {f"{split}/{name}": data_dir / split / name for name in names}
        files[f"{split}/speech_shape"] = statistics_dir / split / "speech_shape"
    for name, path in files.items():
        if not path.is_file() or path.stat().st_size == 0:
            stage = 4 if name.endswith("speech_shape") else 3
            raise UserError(f"{path} is missing or empty; run stage {stage} first")
    rates = {f"{split}/utt2fs": data_dir / split / "utt2fs" for split in ("train", "valid")}
    files |= fresh.lists() if fresh else {}  # rooms may be none: that list may be empty
    return files | {name: path for name, path in rates.items() if path.is_file()}


def _digest(files: dict[str, Path]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name].read_bytes() + b"\0")
    return digest.hexdigest()


def _read_mark(exp_dir: Path) -> dict[str, Any] | None:
    try:
        mark = json.loads((exp_dir / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return mark if isinstance(mark, dict) else None


def _write_mark(exp_dir: Path, identity: dict[str, Any], finished: bool) -> None:
    write_text(exp_dir / MARK, json.dumps({**identity, "finished": finished}, indent=1) + "\n")


def _is_finished(exp_dir: Path, identity: dict[str, Any]) -> bool:
    mark = _read_mark(exp_dir)
    if mark is None or not mark.get("finished"):
        return False
    same_data = mark.get("data") == identity["data"]
    same_config = _as_json(mark.get("config")) == _as_json(identity["config"])
    exported = all((exp_dir / name).is_file() for name in ("model.pth", "config.yaml"))
    return same_data and same_config and exported


def _refuse_other_training(exp_dir: Path, identity: dict[str, Any]) -> None:
    mark = _read_mark(exp_dir)
    remedy = "use --force to train anew or another --expdir"
    if mark is None:
        if (exp_dir / "checkpoint.pth").exists():
            raise UserError(f"{exp_dir} holds the checkpoint of another training; {remedy}")
        return
    if mark.get("data") != identity["data"]:
        raise UserError(f"{exp_dir} was trained on other data than these lists; {remedy}")
    before, now = _as_json(mark.get("config", {})), _as_json(identity["config"])
    changed = sorted(key for key in {*before, *now} - {*_MAY_CHANGE} if before.get(key) != now.get(key))
    if changed:
        raise UserError(f"{exp_dir} was trained with another configuration ({', '.join(changed)}); {remedy}")


def _as_json(config: Any) -> Any:
    # What the mark can hold: tuples have become lists and keys strings.
    return json.loads(json.dumps(config, default=str))


def _remove_own_files(exp_dir: Path) -> None:
    for pattern in _OWN_FILES:
        for path in exp_dir.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _command(
    train_config: Path, lists: dict[str, Path], exp_dir: Path, ngpu: int, num_workers: int, seed: int
) -> list[str]:
    command = ["--config", str(train_config), "--output_dir", str(exp_dir), "--resume", "true"]
    command += ["--ngpu", str(ngpu), "--num_workers", str(num_workers), "--seed", str(seed)]
    for split in ("train", "valid"):
        for name, role in _DATA_ROLES.items():
            if f"{split}/{name}" in lists:
                option = f"--{split}_data_path_and_name_and_type"
                command += [option, f"{lists[f'{split}/{name}'].resolve()},{role}"]
        command += [f"--{split}_shape_file", str(lists[f"{split}/speech_shape"].resolve())]
    return command


@contextlib.contextmanager
def _only_process(exp_dir: Path, patience_s: float = 20.0) -> Iterator[None]:
    """Hold a lock on the folder; it vanishes with the process, also after a kill."""
    with (exp_dir / ".lock").open("w") as stream:
        until = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # Data loading processes outlive a killed training by some seconds.
                if time.monotonic() > until:
                    message = f"another process is training in {exp_dir}; wait for it or stop it"
                    raise UserError(message) from None
                time.sleep(0.2)
        yield


@contextlib.contextmanager
def _one_line_errors(log: Path) -> Iterator[None]:
    """Turn whatever ends a training into one line that says what to do."""
    try:
        yield
    except UserError as error:
        raise UserError(_reason(error)) from error
    except ModuleNotFoundError as error:
        raise missing_module(error.name or str(error), "training") from error
    except KeyboardInterrupt:
        raise UserError("stopped; the same command goes on after the last complete epoch") from None
    except (Exception, SystemExit) as error:
        raise UserError(f"the training failed ({_reason(error)}); {log} has the details") from error


def _reason(error: BaseException) -> str:
    """What went wrong, in one line."""
    lines = [line for line in str(error.args[0] if error.args else "").splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    if "DataLoader worker process" in lines[0]:
        # The message holds the whole traceback of that process, which ends with "package.Class: message".
        return lines[-1].partition(": ")[2] or lines[-1]
    return lines[0]
