"""Links to files whose paths cannot stand in a list."""

from pathlib import Path


def without_blanks(path: Path, link: Path) -> Path:
    """An absolute path for lists, which Kaldi's tools split at blanks.

    Args:
        path: the file.
        link: where a link to it may be made, without its suffix.

    Returns:
        The file itself, or a link to it where its path holds a blank and the link's does not.
    """
    path = path.resolve()
    link = link.parent.resolve() / f"{link.name}{path.suffix}"
    if len(str(path).split()) == 1 or len(str(link).split()) > 1:
        return path
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() or link.exists():
        link.unlink()
    link.symlink_to(path)
    return link
