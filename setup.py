"""Package metadata; every dependency says why it is there."""

from pathlib import Path

from setuptools import find_packages, setup

INSTALL = [
    # The framework this plug-in extends: training, packing, GridNet blocks. 202511 serves
    # Python 3.11, 202611 needs 3.12 or newer; pip picks the right one.
    "espnet>=202511",
    # Networks. ESPnet 202511 caps setuptools below what torch 2.13 asks for.
    "torch>=2.5; python_version >= '3.12'",
    "torch>=2.5,<2.13; python_version < '3.12'",
    # Imported by ESPnet's enhancement modules, which 202511 does not declare.
    "torchaudio>=2.5",
    # ESPnet 202511 converts one-element arrays to int, which NumPy 2.4 refuses.
    "numpy>=2.0",
    "numpy<2.4; python_version < '3.12'",
    # ESPnet's reader of packed models, which 202511 does not declare.
    "espnet_model_zoo>=0.1.7",
    "soundfile>=0.12",  # reads and writes WAV, FLAC, OGG, MP3
    "soxr>=0.5",  # resampling of recordings
    "numba>=0.61",  # the fast selective scan on CPUs
    "scipy>=1.11",  # filters and convolution of the simulation
    "PyYAML>=6.0",  # configurations
    "safetensors>=0.4",  # our own checkpoint packs
    "transformers>=4.57",  # the WavLM of GAP-URGENet
    "huggingface_hub>=0.24",  # models by hub tag
    "tqdm>=4.64",  # progress of long work
]

TRAIN = [
    "tensorboard>=2.14",  # ESPnet's trainer logs to it by default
    "matplotlib>=3.8",  # training curve
    "ci_sdr>=0.0.2",  # imported by ESPnet's enhancement losses
    "fast_bss_eval==0.1.3",  # the same; the version that ESPnet pins
    "torch_optimizer>=0.3",  # ESPnet's optimiser table
    "resampy>=0.4.3",  # filters of kaiser_best and kaiser_fast, for degradations on the fly
]

SCORE = [
    "pesq>=0.0.4",  # PESQ: the ITU reference code
    "pystoi>=0.4.1",  # ESTOI
    "speechmos>=0.0.1",  # carries the official DNSMOS models
    "onnxruntime>=1.17",  # runs them
    "librosa>=0.10.2",  # imported by speechmos; mel filters
    "matplotlib>=3.8",  # spectrogram pictures
    "asteroid-filterbanks>=0.4",  # RawNet3's filters; ESPnet 202611 leaves it to an extra
    "jinja2>=3.1",  # page of the listening report
    "pillow>=9.1",  # its spectrograms
]

CORPUS = [
    # Text to speech for the built-in corpus. GPL: it lives in this extra alone and
    # runs in a process of its own.
    "espeakng-loader>=0.2.4",
    "pyroomacoustics>=0.8",  # room impulse responses
    "resampy>=0.4.3",  # filters of the resamplers kaiser_best and kaiser_fast
    "imageio-ffmpeg>=0.5",  # an ffmpeg program, for codecs and wind, where the system has none
    "webrtcvad-wheels>=2.0.14",  # voice activity, by which the challenge chooses DNS5 speech
]

EXPORT = [
    "onnx>=1.16",  # writes the file
    "onnxruntime>=1.17",  # compares it with the network
]

SERVE = [
    "starlette>=0.40",  # the web page: requests and answers
    "uvicorn>=0.30",  # its server
    "matplotlib>=3.8",  # colours of its spectrograms
]

CUDA = ["mamba-ssm>=2.2"]  # the selective scan's CUDA kernel; built with nvcc

DEV = [
    "pytest>=8",
    "pytest-xdist>=3.5",  # two test processes at a time
    "librosa>=0.10.2",  # oracle of our own resamplers
    "hypothesis>=6.100",  # property tests of lengths, rates and windows
]

setup(
    name="espnet-plugin",
    version="0.1.0",
    description="Universal speech enhancement in ESPnet: SEMamba++, GAP-URGENet and the URGENT 2026 recipe",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    if Path(__file__).with_name("README.md").exists()
    else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    packages=find_packages(include=["espnet_plugin", "espnet_plugin.*"]),
    package_data={"espnet_plugin": ["*/templates/*", "*/pages/*"]},
    install_requires=INSTALL,
    extras_require={
        "train": TRAIN,
        "score": SCORE,
        "corpus": CORPUS,
        "serve": SERVE,
        "export": EXPORT,
        "cuda": CUDA,
        "dev": DEV,
    },
    entry_points={"console_scripts": ["urgent26 = espnet_plugin.cli:main"]},
)
