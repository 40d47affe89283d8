"""From a pack to a repository of the Hugging Face hub, of which only what differs is sent."""

import contextlib
import hashlib
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from espnet_plugin.errors import UserError
from espnet_plugin.pretrained import card as cards
from espnet_plugin.pretrained import origin as origins
from espnet_plugin.pretrained.load import first_line
from espnet_plugin.pretrained.zoo_pack import CONFIG, META

#: Begins the message of every commit, by which files of ours are told from those of others.
MARK = "urgent26 upload"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class LocalFile:
    """A file as it will lie in the repository.

    Attributes:
        size: bytes.
        sha256: of the content; what the hub knows large files by.
        git_id: git's name of the content; what the hub knows the other files by.
    """

    size: int
    sha256: str
    git_id: str


@dataclass(frozen=True)
class Plan:
    """What an upload would change.

    Attributes:
        files: name -> file, all of the pack.
        create: whether the repository does not exist yet.
        new, changed: names that are missing there or differ.
        foreign: those of ``changed`` that somebody else wrote.
        head: newest commit of the repository; None if it does not exist.
        unknown: why the hub could not be asked; empty if it was.
    """

    files: dict[str, LocalFile]
    create: bool = False
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    head: str | None = None
    unknown: str = ""

    @property
    def to_send(self) -> tuple[str, ...]:
        """Names of what differs."""
        return (*self.new, *self.changed)

    def lines(self) -> list[str]:
        """One line per file: what would happen to it, its size, its name."""
        fate = dict.fromkeys(self.new, "new") | dict.fromkeys(self.changed, "changed")
        fate |= dict.fromkeys(self.foreign, "not ours")
        fate = dict.fromkeys(self.files, "?") if self.unknown else fate
        return [
            f"{fate.get(name, 'same'):<8}  {file.size / 1e6:10.3f} MB  {name}"
            for name, file in self.files.items()
        ]


def upload(
    pack: str | Path,
    repository: str,
    message: str = "",
    private: bool = False,
    overwrite: bool = False,
    permission: str = "",
    dry_run: bool = False,
) -> Plan:
    """Create or update a model repository from a pack, in one commit.

    The hub's address and the token come from where huggingface_hub finds them: ``HF_ENDPOINT``, ``HF_TOKEN``,
    ``huggingface-cli login``.

    Args:
        pack: .zip of ``pack_model``.
        repository: "ORGANISATION/NAME".
        message: of the commit, one line.
        private: nobody else may see the repository; for one that is created.
        overwrite: replace files that somebody else wrote.
        permission: statement by which weights without a licence may be published; recorded in the card.
        dry_run: only compare.

    Returns:
        what was sent; with ``dry_run`` what would be.

    Raises:
        UserError: no pack, weights that may not be published, no token or rights, files of others, or a
            connection that broke, after which the same call sends the rest.
    """
    pack = Path(pack)
    if not re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", repository, re.ASCII):
        raise UserError(f"'{repository}' is no repository; the form is ORGANISATION/NAME or USER/NAME")
    if "\n" in message or len(message) > 200:
        raise UserError("the message of a commit is one line of at most 200 characters")
    with _opened(pack) as archive:
        _refuse_unlicensed(archive, permission)
        card = cards.with_repository(archive.read(cards.FILE).decode(), repository)
        if permission:
            card = cards.with_permission(card, permission)
        files = {
            name: _described(archive, name) if name != cards.FILE else _describe(card.encode())
            for name in _names(archive, pack)
        }
        hub = _Hub(repository, dry_run)
        plan = hub.compare(files)
        if plan.unknown or dry_run:
            return plan
        if plan.foreign and not overwrite:
            raise UserError(
                f"{repository} holds other versions of {', '.join(plan.foreign)}, which this tool did not "
                "write; add --overwrite to replace them"
            )
        if private and not plan.create and not hub.is_private:
            raise UserError(
                f"{repository} exists and is public; make it private on its page, or leave --private out"
            )
        if plan.to_send:
            # Beside the pack: there is space for the weights.
            with tempfile.TemporaryDirectory(dir=pack.resolve().parent, prefix=".upload.") as folder:
                sources = {name: _extracted(archive, name, Path(folder)) for name in plan.to_send}
                if cards.FILE in sources:
                    sources[cards.FILE].write_bytes(card.encode())
                hub.send(plan, sources, f"{MARK}: {message}" if message else MARK, private)
        return plan


class _Hub:
    """One repository of the hub, with one-line errors."""

    def __init__(self, repository: str, dry_run: bool) -> None:
        import huggingface_hub

        self.repository = repository
        self.dry_run = dry_run
        self.is_private = False
        self.api = huggingface_hub.HfApi()
        if not dry_run and huggingface_hub.get_token() is None:
            raise UserError(
                "the hub knows you by a token and there is none: run 'hf auth login' (older: "
                "'huggingface-cli login') or set HF_TOKEN"
            )

    def compare(self, files: dict[str, LocalFile]) -> Plan:
        """What differs from the repository; in a dry run, a hub that cannot be reached is noted."""
        try:
            with self._one_line_errors():
                return self._compare(files)
        except UserError as error:
            if not self.dry_run:
                raise
            return Plan(files, unknown=str(error))

    def _compare(self, files: dict[str, LocalFile]) -> Plan:
        from huggingface_hub.errors import RepositoryNotFoundError

        try:
            info = self.api.model_info(self.repository)
        except RepositoryNotFoundError:
            return Plan(files, create=True, new=tuple(files))
        self.is_private = bool(info.private)
        there = self.api.get_paths_info(self.repository, list(files), expand=True, revision=info.sha)
        remote = {file.path: file for file in there}
        new = [name for name in files if name not in remote]
        changed = [name for name in files if name in remote and not _same(files[name], remote[name])]
        foreign = [name for name in changed if not _is_ours(remote[name])]
        return Plan(files, False, tuple(new), tuple(changed), tuple(foreign), info.sha)

    def send(self, plan: Plan, sources: dict[str, Path], message: str, private: bool) -> None:
        """Commit files, into a new repository if there is none."""
        from huggingface_hub import CommitOperationAdd

        with self._one_line_errors():
            if plan.create:
                self.api.create_repo(self.repository, private=private, exist_ok=True)
            self.api.create_commit(
                self.repository,
                [CommitOperationAdd(name, str(path)) for name, path in sources.items()],
                commit_message=message,
                # Whoever was faster is not overwritten.
                parent_commit=plan.head,
            )

    @contextlib.contextmanager
    def _one_line_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # the client raises many kinds, its own and those of its HTTP library
            raise UserError(self._reason(error)) from error

    def _reason(self, error: BaseException) -> str:
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        chain = [error]
        while (deeper := chain[-1].__cause__ or chain[-1].__context__) is not None and deeper not in chain:
            chain.append(deeper)
        for one in chain:
            if isinstance(one, OfflineModeIsEnabled):
                return f"HF_HUB_OFFLINE forbids to reach {self.api.endpoint}; unset it"
            if isinstance(one, HfHubHTTPError) and one.response is not None:
                return self._refusal(one.response.status_code, first_line(one))
            if isinstance(one, ValueError) and not isinstance(one, UnicodeError):
                return f"{self.repository}: {one}; correct the card or the names of files"
        reason = f"{type(chain[-1]).__name__}: {first_line(chain[-1])}"
        return (
            f"the connection to {self.api.endpoint} failed ({reason}); run the same command again, it sends "
            "what is missing"
        )

    def _refusal(self, status: int, words: str) -> str:
        if status == 401:
            return "the hub does not accept the token; run 'hf auth login' again or correct HF_TOKEN"
        if status == 403:
            owner = self.repository.partition("/")[0]
            return (
                f"the token may not write to {owner}; take one with the right to write, or another repository"
            )
        if status in (409, 412):
            return f"{self.repository} was changed meanwhile by somebody else; run the same command again"
        return (
            f"the hub refused {self.repository} (status {status}: {words}); run the same command again later"
        )


@contextlib.contextmanager
def _opened(pack: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, if it is a pack with a card."""
    try:
        with zipfile.ZipFile(pack) as archive:
            missing = [name for name in (META, CONFIG, cards.FILE) if name not in archive.namelist()]
            if missing:
                raise UserError(
                    f"{pack} is no pack for the hub ({missing[0]} is missing); make one by stage 9 or "
                    "urgent26 convert"
                )
            yield archive
    except FileNotFoundError:
        raise UserError(f"{pack} does not exist; give a pack (.zip) or the folder of an experiment") from None
    except zipfile.BadZipFile as error:
        raise UserError(f"{pack} is damaged or no pack; pack the model again ({error})") from error


def _refuse_unlicensed(archive: zipfile.ZipFile, permission: str) -> None:
    config = yaml.safe_load(archive.read(CONFIG))
    origin = origins.ORIGINS.get((config.get(origins.KEY) if isinstance(config, dict) else None) or "")
    if origin is not None and origin.licence is None and not permission.strip():
        raise UserError(
            f"these weights are or began with {origin.title} ({origin.url}), published without a licence; "
            "only with their permission may they be uploaded: add --permission "
            '"WHO GAVE IT, WHEN", which the card will say'
        )


def _names(archive: zipfile.ZipFile, pack: Path) -> list[str]:
    names = [name for name in archive.namelist() if not name.endswith("/")]
    for name in names:
        if PurePosixPath(name).is_absolute() or {"..", ".git"} & {*PurePosixPath(name).parts}:
            raise UserError(f"{pack} holds the file '{name}' outside of its folder; pack the model again")
    return names


def _described(archive: zipfile.ZipFile, name: str) -> LocalFile:
    size = archive.getinfo(name).file_size
    sha256, git = hashlib.sha256(), hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with archive.open(name) as stream:
        while chunk := stream.read(_CHUNK):
            sha256.update(chunk)
            git.update(chunk)
    return LocalFile(size, sha256.hexdigest(), git.hexdigest())


def _describe(content: bytes) -> LocalFile:
    git = hashlib.sha1(f"blob {len(content)}\0".encode() + content, usedforsecurity=False)
    return LocalFile(len(content), hashlib.sha256(content).hexdigest(), git.hexdigest())


def _extracted(archive: zipfile.ZipFile, name: str, folder: Path) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, _CHUNK)
    return path


def _same(local: LocalFile, remote: Any) -> bool:
    lfs = getattr(remote, "lfs", None)
    return lfs.sha256 == local.sha256 if lfs else getattr(remote, "blob_id", None) == local.git_id


def _is_ours(remote: Any) -> bool:
    commit = getattr(remote, "last_commit", None)
    return commit is not None and commit.title.startswith(MARK)
