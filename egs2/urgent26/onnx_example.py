"""A 16 kHz recording through an exported model: python onnx_example.py model.onnx noisy.wav clean.wav"""

import sys

import numpy as np
import onnxruntime
import soundfile

session = onnxruntime.InferenceSession(sys.argv[1])
about = session.get_modelmeta().custom_metadata_map
window, hop, compression = int(about["window"]), int(about["hop"]), float(about["compression"])
wave, rate_hz = soundfile.read(sys.argv[2], dtype="float32", always_2d=True)
assert rate_hz == int(about["rate_hz"]), f"resample the recording to {about['rate_hz']} Hz first"

hann = np.hanning(window + 1)[:-1].astype(np.float32)
whole = max(-(-len(wave) // hop), window // 2 // hop + 1) * hop  # the end is filled up to whole hops
peak = np.abs(wave).max(0) + 1e-9
padded = np.pad((wave / peak).T, ((0, 0), (0, whole - len(wave))))  # (channels, samples)
padded = np.pad(padded, ((0, 0), (window // 2, window // 2)), mode="reflect")
frames = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)[:, ::hop]
spectrum = np.fft.rfft(frames * hann).transpose(0, 2, 1)  # (channels, bins, frames)
inputs = {"magnitude": np.abs(spectrum) ** compression, "phase": np.angle(spectrum)}
magnitude, phase = session.run(None, {name: value.astype(np.float32) for name, value in inputs.items()})

frames = np.fft.irfft((magnitude ** (1 / compression) * np.exp(1j * phase)).transpose(0, 2, 1)) * hann
total, weight = np.zeros((2, *padded.shape))
for number in range(frames.shape[1]):  # overlap and add
    place = np.s_[:, number * hop : number * hop + window]
    total[place] += frames[:, number]
    weight[place] += hann**2
clean = (total / np.maximum(weight, 1e-11))[:, window // 2 :][:, : len(wave)].T * peak
soundfile.write(sys.argv[3], clean, rate_hz, subtype="FLOAT")
