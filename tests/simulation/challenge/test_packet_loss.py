import numpy as np

from espnet_plugin.simulation.challenge.packet_loss import lose_packets


def test_packets_become_silence_and_the_rest_stays():
    wave = np.ones(2205)  # five packets of 441
    lossy = lose_packets(wave, 22050, [0, 3])
    np.testing.assert_array_equal(lossy.reshape(5, 441)[:, 0], [0, 1, 1, 0, 1])
    np.testing.assert_array_equal(lossy.reshape(5, 441).std(axis=1), 0)
    assert wave.all()


def test_the_length_of_a_packet_and_packets_beyond_the_end():
    lossy = lose_packets(np.ones(1000), 8000, [2, 3, 50], packet_ms=40)
    np.testing.assert_array_equal(np.flatnonzero(lossy == 0), np.arange(640, 1000))
    np.testing.assert_array_equal(lose_packets(np.ones(100), 8000, []), np.ones(100))
