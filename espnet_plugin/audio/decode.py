"""Sound of any file, decoded by the program ffmpeg: video, telephone and music formats."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from espnet_plugin.errors import UserError

#: Suffixes by which such files are found in folders.
DECODED_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".flv", ".wmv", ".3gp"),
    *(".m4a", ".aac", ".wma", ".opus", ".amr", ".ac3", ".wv", ".ape", ".tta", ".mka", ".aifc"),
)
#: Containers of one recording. Playlists are none: they could name other files of this machine.
CONTAINERS = (
    "mov,mp4,m4a,3gp,matroska,webm,avi,mpeg,mpegts,flv,asf,aac,ac3,eac3,amr,amrnb,amrwb,ogg,mp3,mp2,flac,wav,"
    "w64,aiff,au,caf,wv,ape,tta,dts,spx,gsm,rm,dv,mxf,nut"
)


def ffmpeg_program() -> str | None:
    """Path of the program: the one on PATH, else that of the package imageio-ffmpeg, else None."""
    return shutil.which("ffmpeg") or bundled_ffmpeg_program()


def bundled_ffmpeg_program() -> str | None:
    """Path of the program of the package imageio-ffmpeg, or None."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        return None


def decode(path: str | Path, target: Path, longest_s: float | None = None) -> None:
    """Write the first sound track of a file to a WAV file of float samples, rate and channels as they are.

    Args:
        path: the file.
        target: is replaced; not there if anything fails.
        longest_s: no more than this of its beginning.

    Raises:
        UserError: no program, no sound in the file, or a full disk.
    """
    program = ffmpeg_program()
    if program is None:
        raise UserError(
            f"{path} needs the program ffmpeg, which is not there; install it (apt-get install ffmpeg)"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            *(program, "-hide_banner", "-nostdin", "-y", "-loglevel", "error"),
            # Only the file itself is read, whatever it says of others.
            *("-protocol_whitelist", "file", "-format_whitelist", CONTAINERS),
            *("-i", b"file:" + os.fsencode(Path(path).absolute()), "-map", "0:a:0", "-vn", "-sn", "-dn"),
            *(() if longest_s is None else ("-t", f"{longest_s:f}")),
            *("-map_metadata", "-1", "-c:a", "pcm_f32le", "-rf64", "auto", "-f", "wav"),
            b"file:" + os.fsencode(target.absolute()),
        ],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        target.unlink(missing_ok=True)
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        lines = lines or [f"exit status {done.returncode}"]
        why = lines[-1].removeprefix(f"file:{Path(path).absolute()}: ")
        if any("matches no streams" in line for line in lines):
            why = "it has no sound track"
        raise UserError(
            f"{path} is no audio that libsndfile or ffmpeg can read ({why}); convert it to WAV or FLAC"
        )
