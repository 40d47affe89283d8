"""How far a run over many recordings is, in seconds of audio."""

from __future__ import annotations

import sys
import time

from espnet_plugin.training.progress import in_words


class Progress:
    """A bar on a terminal, a plain line now and then elsewhere; on the standard error.

    Args:
        audio_s: length of all recordings, as far as known.
        files: how many there are.
        shown: False for silence.
        interval_s: least time between two plain lines.
    """

    def __init__(self, audio_s: float, files: int, shown: bool = True, interval_s: float = 30.0):
        from tqdm import tqdm

        self.files = files
        self._shown = shown
        self._finished = 0
        self._interval_s = interval_s
        self._started_s = self._line_s = time.monotonic()
        self._bar = tqdm(
            total=audio_s,
            desc="enhance",
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} s of audio "
            "[{elapsed}<{remaining}{postfix}]",
            disable=not (shown and sys.stderr.isatty()),
        )
        self._heard_s, self._total_s = 0.0, audio_s

    def heard(self, audio_s: float) -> None:
        """So many more seconds of audio are finished."""
        self._heard_s += audio_s
        self._bar.update(audio_s)
        now = time.monotonic()
        if self._shown and self._bar.disable and now - self._line_s >= self._interval_s:
            self._line_s = now
            pace = (now - self._started_s) / max(self._heard_s, 1e-9)
            left = max(0.0, self._total_s - self._heard_s) * pace
            print(
                f"enhance: {self._finished} of {self.files} files, {in_words(self._heard_s)} of "
                f"{in_words(self._total_s)} of audio, {in_words(left)} left",
                file=sys.stderr,
                flush=True,
            )

    def finished(self, expected_s: float, audio_s: float) -> None:
        """One more file is done.

        Args:
            expected_s: its share of the whole.
            audio_s: what turned out of it.
        """
        self._finished += 1
        self._total_s += audio_s - expected_s
        self._bar.total = self._total_s
        self._bar.set_postfix_str(f"{self._finished}/{self.files} files")

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()
