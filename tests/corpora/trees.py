"""Tiny trees in the shape of the real corpora: a few files each, with their real formats and tables."""

import json
from pathlib import Path

import numpy as np
import soundfile

RELEASE = "cv-corpus-19.0-2024-09-13"


def write(path: Path, rate_hz: int = 48000, cutoff_hz: float | None = None, channels: int = 1, seconds=0.4):
    """Noise up to a cutoff (default: half the rate), in the format of the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = round(seconds * rate_hz)
    spectrum = np.fft.rfft(np.random.default_rng(len(path.name)).standard_normal((samples, channels)), axis=0)
    spectrum[np.fft.rfftfreq(samples, 1 / rate_hz) > (cutoff_hz or rate_hz)] = 0
    wave = np.fft.irfft(spectrum, samples, axis=0) * np.hanning(samples)[:, None]
    soundfile.write(path, 0.5 * wave / np.abs(wave).max(), rate_hz)


def text(path: Path, content: str, encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode(encoding))


def dns5_speech(root: Path) -> None:
    for name in EXPECTED["dns5_speech"]:
        write(root / "Track1_Headset/mnt/dnsv5/clean/read_speech" / f"{name}.wav")


def libritts(root: Path) -> None:
    uids = {"train-clean-100": "103_1240_000000_000001", "dev-clean": "1272_128104_000005_000008"}
    for subset, uid in (*uids.items(), ("test-clean", "61_70968_000000_000000")):
        place = root / "LibriTTS" / subset / uid.split("_")[0] / uid.split("_")[1]
        write(place / f"{uid}.wav", 24000)
        text(place / f"{uid}.normalized.txt", "A word.\n")
        text(place / f"{uid}.original.txt", "A  word.")
    text(root / "LibriTTS/dev-clean/1272/128104/1272_128104.trans.tsv", "")


def vctk(root: Path) -> None:
    for uid in ("p225_001", "p226_002", "p232_005", "p315_001", "s5_001"):
        speaker = uid.split("_")[0]
        for microphone in ("mic1", "mic2"):
            write(root / "VCTK-Corpus/wav48_silence_trimmed" / speaker / f"{uid}_{microphone}.flac")
        if speaker != "p315":
            text(root / "VCTK-Corpus/txt" / speaker / f"{uid}.txt", "Please call Stella.\n")
    text(root / "VCTK-Corpus/wav48_silence_trimmed/log.txt", "")


def ears(root: Path) -> None:
    for uid in ("p001/emo_adoration_freeform", "p001/rainbow_07_loud", "p100/rainbow_07_loud"):
        write(root / f"{uid}.wav")
    for uid in ("p001/vegetative_eating", "p100/melodic_sentences", "p102/rainbow_07_loud"):
        write(root / f"{uid}.wav")
    text(root / "ears_dataset/transcripts.json", json.dumps({"rainbow_07_loud": "When the sunlight"}))


def mls(root: Path) -> None:
    write(root / "german/train_track1/audio/1844/931/1844_931_000000.flac")
    write(root / "french/dev/audio/10087/11650/10087_11650_000000.flac")
    text(root / "german/train/transcripts.txt", "1844_931_000000\tguten tag\n")


def common_voice(root: Path) -> None:
    header = "client_id\tpath\tsentence_id\tsentence\tsentence_domain\tup_votes\tlocale\n"
    for language, tables in {"de": ("train", "dev"), "zh-CN": ("train", "other", "dev")}.items():
        place = root / RELEASE / language
        for number, name in enumerate(tables):
            uid = f"common_voice_{language}_1730055{number}"
            write(place / "clips" / ("000" if language == "de" else "") / f"{uid}.mp3")
            row = f'{name}0ab\t{uid}.mp3\tid\t"Guten\xa0Tag\x85, sagt er.\t\t2\t{language}\n'
            gone = f"x\tcommon_voice_{language}_9.mp3\tid\tweg\t\t2\t{language}\n"
            text(place / f"{name}.tsv", header + row + gone)


def nnces(root: Path) -> None:
    write(root / "Read_Speech_Data/child 1/Story (1).wav", 44100, channels=2)
    write(root / "Spontaneous_Speech_Data/child 1/Story (1).wav", 44100)


def seniortalk(root: Path) -> None:
    for part in ("train/S0001", "dev/S0002"):
        write(root / "sentence_data/wav" / part / f"{part[-5:]}_000001.wav", 16000)
    write(root / "dialogue_data/wav/train/D0001.wav", 16000)


def vocalset(root: Path) -> None:
    write(root / "FULL/female1/arpeggios/belt/f1_arpeggios_belt_c_a.wav", 44100)
    write(root / "FULL/male 2/long_tones/straight/m2_long straight(1).wav", 44100)


def esd(root: Path) -> None:
    top = root / "Emotion Speech Dataset"
    write(top / "0001/Angry/0001_000351.wav", 16000)
    write(top / "0011/Happy/train/0011_000701.wav", 16000)
    text(top / "0001/0001.txt", "0001_000351\t打远一看\t生气\n", "gb18030")
    text(top / "0011/0011.txt", "0011_000701\tThe nine the eggs.\tHappy\n", "utf-16")
    text(top / "ReadMe.txt", "")


def dns5_noise(root: Path) -> None:
    for number in range(9):
        write(root / f"datasets_fullband/noise_fullband/audioset_000/noise {number}.wav")


def wham(root: Path) -> None:
    rows = "Filename,Location ID,WHAM! Split,File length (seconds)\n"
    for name, split in (("Q21_100", "Train"), ("Q21_101", "Valid"), ("Q21_102", "Test")):
        write(root / "high_res_wham/audio" / f"{name}.wav", channels=2)
        rows += f"{name}.wav,1,{split},0.4\n"
    text(root / "high_res_wham/high_res_metadata.csv", rows)


def fsd50k(root: Path) -> None:
    rows = "fname,labels,mids,split\n"
    classes = {"1": "/m/rain,/m/water", "2": "/m/water", "3": "/m/shout,/m/09l8g", "4": "/m/whisper"}
    for name, mids in classes.items():
        write(root / "FSD50K.dev_audio" / f"{name}.wav", 44100)
        rows += f'{name},"x,y","{mids}",{"val" if name == "2" else "train"}\n'
    text(root / "FSD50K.ground_truth/dev.csv", rows)
    children = {"/m/09l8g": ["/m/shout"], "/m/shout": ["/m/whisper"], "/m/water": ["/m/rain"]}
    ontology = [{"id": name, "name": name, "child_ids": below} for name, below in children.items()]
    text(root / "ontology/ontology.json", json.dumps(ontology))


def fma(root: Path) -> None:
    for number in (2, 5, 10, 140, 141):
        write(root / f"fma_medium/000/{number:06d}.mp3", 44100)
    rows = [
        ",album,album,set,set,track",
        ",comments,information,split,subset,title",
        "track_id,,,,,",
        '2,0,"<p>two\nlines</p>",training,small,Food',
        "5,0,,validation,medium,Light",
        "10,0,,test,medium,Old",
        "140,0,,training,large,Long",
    ]
    text(root / "fma_metadata/tracks.csv", "\n".join(rows) + "\n")


def dns5_rirs(root: Path) -> None:
    top = root / "datasets_fullband/impulse_responses"
    write(top / "SLR26/simulated_rirs_48k/smallroom/Room001/Room001-00001.wav")
    write(top / "SLR28/RIRS_NOISES/real_rirs_isotropic_noises/RWCP_type1_rir_cirline_ofc_imp_rev.wav")


#: uid -> (split, speaker, text, language) of what has to be found.
EXPECTED = {
    "dns5_speech": {
        "book_00000_chp_0009_reader_06709_0_seg_2_seg1": (None, "dns5_reader_06709", "", "eng"),
        "book_00002_chp_0005_reader_11980_16_seg_0_seg3(2)": (None, "dns5_reader_11980", "", "eng"),
    },
    "libritts": {
        "103_1240_000000_000001": ("train", "libritts_103", "A word.", "eng"),
        "1272_128104_000005_000008": ("validation", "libritts_1272", "A word.", "eng"),
    },
    "vctk": {
        f"{uid}_{microphone}": (split, f"vctk_{uid[:4]}", words, "eng")
        for uid, split, words in (
            ("p225_001", "train", "Please call Stella."),
            ("p226_002", "validation", "Please call Stella."),
            ("p315_001", "validation", ""),
        )
        for microphone in ("mic1", "mic2")
    },
    "ears": {
        "p001_emo_adoration_freeform": ("train", "ears_p001", "", "eng"),
        "p001_rainbow_07_loud": ("train", "ears_p001", "When the sunlight", "eng"),
        "p100_rainbow_07_loud": ("validation", "ears_p100", "When the sunlight", "eng"),
    },
    "mls": {
        "mls_german_1844_931_000000": ("train", "1844", "guten tag", "deu"),
        "mls_french_10087_11650_000000": ("validation", "10087", "", "fra"),
    },
    "common_voice": {
        "common_voice_de_17300550": ("train", "cv11_train0ab", '"Guten Tag , sagt er.', "deu"),
        "common_voice_de_17300551": ("validation", "cv11_dev0ab", '"Guten Tag , sagt er.', "deu"),
        "common_voice_zh-CN_17300550": ("train", "cv11_train0ab", '"Guten Tag , sagt er.', "zho"),
        "common_voice_zh-CN_17300551": ("train", "cv11_other0ab", '"Guten Tag , sagt er.', "zho"),
        "common_voice_zh-CN_17300552": ("validation", "cv11_dev0ab", '"Guten Tag , sagt er.', "zho"),
    },
    "nnces": {
        "Story__1_": ("train", "", "", "eng"),
        "child_1_Story__1_": ("train", "", "", "eng"),
    },
    "seniortalk": {"S0001_000001": ("train", "", "", "zho")},
    "vocalset": {
        "f1_arpeggios_belt_c_a": ("train", "vocalset_female1", "", "eng"),
        "m2_long_straight_1_": ("train", "vocalset_male_2", "", "eng"),
    },
    "esd": {
        "0001_000351": ("train", "esd_0001", "打远一看", "zho"),
        "0011_000701": ("train", "esd_0011", "The nine the eggs.", "eng"),
    },
    "dns5_noise": {f"noise_{number}": (None, "", "", "") for number in range(9)},
    "wham": {"Q21_100": ("train", "", "", ""), "Q21_101": ("validation", "", "", "")},
    "fsd50k": {"fsd50k_1": ("train", "", "", ""), "fsd50k_2": ("validation", "", "", "")},
    "fma": {"fma_000002": ("train", "", "", ""), "fma_000005": ("validation", "", "", "")},
    "dns5_rirs": {"smallroom-Room001-00001": (None, "", "", "")},
}
