import pytest

from espnet_plugin.errors import UserError

pytestmark = pytest.mark.espnet

RATES = {f"utt{number:02d}": (8000, 16000, 48000)[number % 3] for number in range(20)}


def batches(batch_size=4, **options):
    from espnet_plugin.espnet_modules.rate_batches import RateBatches

    return RateBatches(list(RATES), RATES, batch_size, **options)


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_one_rate_per_batch_and_each_utterance_once(seed):
    sampler = batches()
    epoch = sampler.generate(seed)
    assert sorted(uid for batch in epoch for uid in batch) == sorted(RATES)
    assert all(len({RATES[uid] for uid in batch}) == 1 for batch in epoch)
    assert len(epoch) == len(sampler) == 6
    assert epoch == batches().generate(seed)


def test_other_batches_in_every_epoch():
    epochs = [{frozenset(batch) for batch in batches().generate(seed)} for seed in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    fixed = batches(shuffle=False)
    assert fixed.generate(0) == fixed.generate(1)


def test_processes_share_every_batch():
    whole = batches(drop_last=True).generate(3)
    parts = [batches(drop_last=True, part=(k, 2)).generate(3) for k in range(2)]
    assert len(whole) == 3 and all(len(batch) == 4 for batch in whole)
    for first, second, both in zip(*parts, whole, strict=True):
        assert len(first) == len(second) == 2 and {*first, *second} == {*both}
    # A rest of one utterance has no share for the second process.
    counts = [len(batches(batch_size=6, part=(k, 2)).generate(3)) for k in range(2)]
    assert counts == [4, 4] or counts[0] == counts[1]


def test_mistakes_are_named(tmp_path):
    from espnet_plugin.espnet_modules.rate_batches import RateBatches, read_rates

    with pytest.raises(UserError, match="the rate of new is not in utt2fs"):
        RateBatches(["new"], RATES, 2)
    with pytest.raises(UserError, match="no rate has 30 utterances"):
        batches(batch_size=30, drop_last=True)
    with pytest.raises(UserError, match="with 8 processes"):
        batches(part=(0, 8))
    with pytest.raises(UserError, match="need the rates"):
        read_rates([("wav.scp", "speech_mix", "sound")])
    (tmp_path / "utt2fs").write_text("a 8000\nb 48000\n")
    assert read_rates([(str(tmp_path / "utt2fs"), "fs", "text_int")]) == {"a": 8000, "b": 48000}
