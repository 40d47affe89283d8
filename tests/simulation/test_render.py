import hashlib
import shutil

import numpy as np
import pytest

from espnet_plugin.audio.read import audio_info, read_audio
from espnet_plugin.audio.resample import resample
from espnet_plugin.errors import UserError
from espnet_plugin.simulation.active_power import active_power
from espnet_plugin.simulation.draw import draw
from espnet_plugin.simulation.meta import read_meta
from espnet_plugin.simulation.render import render

FAST = {"bandwidth": {"methods": ["polyphase"]}}
ONLY_NOISE = {
    "reverberation": {"probability": 0},
    "clipping": {"probability": 0},
    "bandwidth": {"probability": 0},
    "noise": {"snr_db": [5]},
}


def simulate(config, corpus, out, workers=1, **options):
    draw(config, corpus, out, **options)
    return render(config, out / "meta.tsv", out, workers)


def audio(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.flac"))
    }


def test_every_row_becomes_a_pair_of_the_stated_length_and_rate(config, corpus, tmp_path):
    out = tmp_path / "set"
    rendered = simulate(config(), corpus, out, repetitions=4)
    assert (rendered.made, rendered.already_there, rendered.failed) == (24, 0, 0)
    for row in read_meta(out / "meta.tsv"):
        for path in (row.noisy_path, row.clean_path):
            assert audio_info(out / path) == (row.samples, 1, 16000)
            assert np.abs(read_audio(out / path)[0]).max() <= 0.9 + 2**-15


def test_the_clean_file_is_the_dry_speech_and_the_ratio_is_right(config, corpus, tmp_path):
    out = tmp_path / "set"
    simulate(config(**ONLY_NOISE), corpus, out)
    for row in read_meta(out / "meta.tsv"):
        noisy, clean = (read_audio(out / path)[0][:, 0] for path in (row.noisy_path, row.clean_path))
        speech, rate_hz = read_audio(corpus / "speech" / f"{row.speech_uid}.flac")
        speech = resample(speech[:, 0], rate_hz, 16000)
        gain = np.dot(clean, speech) / np.dot(speech, speech)
        assert gain <= 1.0001
        np.testing.assert_allclose(clean, gain * speech, atol=2**-15)
        assert 10 * np.log10(active_power(clean) / active_power(noisy - clean)) == pytest.approx(5, abs=0.05)


def test_workers_give_the_same_bytes(config, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("espnet_plugin.simulation.rendering.ITEMS_PER_WORKER", 6)
    simulate(config(**ONLY_NOISE), corpus, tmp_path / "one", repetitions=2)
    simulate(config(**ONLY_NOISE), corpus, tmp_path / "two", repetitions=2, workers=2)
    assert len(audio(tmp_path / "one")) == 24
    assert audio(tmp_path / "one") == audio(tmp_path / "two")


def test_a_rerun_renders_what_is_missing_or_broken(config, corpus, tmp_path):
    out = tmp_path / "set"
    simulate(config(**FAST), corpus, out)
    before = audio(out)
    (out / "noisy/0/fileid_1.flac").unlink()
    cut = out / "clean/0/fileid_2.flac"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])  # its header still tells the full length
    shutil.copy(out / "noisy/0/fileid_4.flac", out / "noisy/0/fileid_3.flac")  # another length
    (out / "noisy/0/.fileid_9.flac.77.tmp").write_bytes(b"half")
    rendered = render(config(**FAST), out / "meta.tsv", out)
    assert (rendered.made, rendered.already_there) == (3, 3)
    assert audio(out) == before
    assert not list(out.rglob("*.tmp"))
    assert render(config(**FAST), out / "meta.tsv", out).made == 0


def test_bad_sources_are_skipped_counted_and_tried_again(config, corpus, tmp_path, capsys):
    out = tmp_path / "set"
    draw(config(**ONLY_NOISE), corpus, out)
    damaged = corpus / "speech" / "spk1_001.flac"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    rendered = render(config(**ONLY_NOISE), out / "meta.tsv", out)
    assert (rendered.made, rendered.failed) == (5, 1)
    assert "fileid_2 skipped" in capsys.readouterr().err
    assert (out / "failed.txt").read_text().startswith("fileid_2\t")
    assert not (out / "noisy/0/fileid_2.flac").exists()
    damaged.write_bytes(whole)
    rendered = render(config(**ONLY_NOISE), out / "meta.tsv", out)
    assert (rendered.made, rendered.already_there, rendered.failed) == (1, 5, 0)
    assert not (out / "failed.txt").exists()


@pytest.mark.parametrize(
    "content, reason", [("silent", "is silent"), ("long", "has changed"), ("nan", "not finite")]
)
def test_unusable_speech(config, corpus, tmp_path, content, reason):
    import soundfile

    out = tmp_path / "set"
    draw(config(**ONLY_NOISE), corpus, out)
    wave = {"silent": np.zeros(9000), "long": np.ones(9001) / 2, "nan": np.full(9000, np.nan)}[content]
    path = corpus / "speech" / "spk0_000.flac"
    path.unlink()
    soundfile.write(path, wave, 16000, format="WAV", subtype="FLOAT")
    assert render(config(**ONLY_NOISE), out / "meta.tsv", out).failed == 1
    assert reason in (out / "failed.txt").read_text()


def test_forced_drawing_replaces_the_audio(config, corpus, tmp_path):
    out = tmp_path / "set"
    simulate(config(**FAST), corpus, out)
    before = audio(out)
    draw(config(**FAST), corpus, out, seed=5, force=True)
    assert not audio(out)
    assert render(config(**FAST), out / "meta.tsv", out).made == 6
    assert set(audio(out)) == set(before) and audio(out) != before


def test_audio_of_another_table_is_not_mixed(config, corpus, tmp_path):
    simulate(config(**FAST), corpus, tmp_path / "a")
    draw(config(**FAST), corpus, tmp_path / "b", seed=3)
    with pytest.raises(UserError, match="belongs to another table"):
        render(config(**FAST), tmp_path / "b" / "meta.tsv", tmp_path / "a")


def test_a_changed_configuration_or_corpus_is_noticed(config, corpus, tmp_path):
    out = tmp_path / "set"
    draw(config(**FAST), corpus, out)
    with pytest.raises(UserError, match="another configuration"):
        render(config(), out / "meta.tsv", out)
    with (corpus / "noise.scp").open("a") as file:
        file.write("more 16000 more.wav\n")
    with pytest.raises(UserError, match="lists in .* changed"):
        render(config(**FAST), out / "meta.tsv", out)
    (out / "settings.json").unlink()
    with pytest.raises(UserError, match="settings.json cannot be read"):
        render(config(**FAST), out / "meta.tsv", out)
    with pytest.raises(UserError, match="cannot be read; make it with"):
        render(config(**FAST), tmp_path / "none.tsv", out)
