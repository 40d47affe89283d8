"""The speech synthesiser's own process: `python -m espnet_plugin.mini_corpus.espeak`.

espeak-ng is licensed under the GPL. It is loaded in this program only, which talks to the rest of the package
through pipes: one JSON object per line comes in on stdin,

    {"text": "Guten Tag.", "voice": "de+m1", "pitch": 50, "rate_wpm": 165}

and for each one JSON line goes out on stdout, `{"rate_hz": 22050, "samples": 21000}` followed by that many
16-bit samples in the byte order of the machine, or `{"error": "..."}`.
"""

import ctypes
import json
import os
import sys

# From espeak-ng's speak_lib.h.
OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
CHARACTERS_UTF8 = 1
POSITION_CHARACTER = 1
RATE, VOLUME, PITCH = 1, 2, 3

# At its default volume of 100 some voices reach full scale and are clipped; the corpus sets levels itself.
QUIET_VOLUME = 60

SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """The synthesiser's library with its voices loaded.

    Raises:
        RuntimeError: the library does not start.
    """

    def __init__(self):
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.rate_hz = self._library.espeak_Initialize(OUTPUT_SYNCHRONOUS, 0, data, INITIALIZE_DONT_EXIT)
        if self.rate_hz <= 0:
            raise RuntimeError("espeak-ng does not start; reinstall the package espeakng-loader")
        self._blocks = []
        self._callback = SynthCallback(self._receive)  # kept here, or it would be freed while in use
        self._library.espeak_SetSynthCallback(self._callback)

    def synthesise(self, text: str, voice: str, pitch: int, rate_wpm: int) -> bytes:
        """Speak a text.

        Args:
            text: in the language of the voice.
            voice: espeak-ng's name, such as `de+m1`.
            pitch: 0 to 99, 50 is the voice's own.
            rate_wpm: words per minute.

        Returns:
            16-bit samples at `rate_hz`, one channel.

        Raises:
            ValueError: there is no such voice, or it says nothing.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice}")
        for parameter, value in ((RATE, rate_wpm), (VOLUME, QUIET_VOLUME), (PITCH, pitch)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._blocks.clear()
        spoken = text.encode() + b"\0"
        self._library.espeak_Synth(
            spoken, ctypes.c_size_t(len(spoken)), 0, POSITION_CHARACTER, 0, CHARACTERS_UTF8, None, None
        )
        self._library.espeak_Synchronize()
        if not self._blocks:
            raise ValueError(f"espeak-ng says nothing for '{text}'")
        return b"".join(self._blocks)

    def _receive(self, samples, count, events) -> int:
        if samples and count > 0:
            self._blocks.append(ctypes.string_at(samples, count * ctypes.sizeof(ctypes.c_short)))
        return 0  # go on


def answer(espeak: Espeak, line: bytes) -> bytes:
    """The bytes of the reply to one line of input."""
    try:
        samples = espeak.synthesise(**json.loads(line))
    except (ValueError, TypeError) as error:
        return json.dumps({"error": str(error)}).encode() + b"\n"
    header = {"rate_hz": espeak.rate_hz, "samples": len(samples) // ctypes.sizeof(ctypes.c_short)}
    return json.dumps(header).encode() + b"\n" + samples


def main() -> int:
    """Answer lines until stdin ends."""
    try:
        espeak = Espeak()
    except (ImportError, OSError, RuntimeError) as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 1
    for line in sys.stdin.buffer:
        # espeak-ng carries random numbers and prosody over to the next text. A copy of the fresh process for
        # each text makes its samples independent of what was spoken before.
        copy = os.fork()
        if copy == 0:
            reply = memoryview(answer(espeak, line))
            while reply:
                reply = reply[os.write(sys.stdout.fileno(), reply) :]
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
        if status != 0:
            print(json.dumps({"error": f"espeak-ng ended with status {status}"}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
