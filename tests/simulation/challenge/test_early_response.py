import numpy as np

from espnet_plugin.simulation.challenge.early_response import early_response


def test_fifty_milliseconds_from_the_onset():
    response = np.full(3000, 0.01)
    response[100], response[130] = 0.11, 1.0  # the onset is before the peak, and above a tenth of it
    early = early_response(response, 16000)
    np.testing.assert_array_equal(early, response[: 100 + 800])


def test_the_share_must_be_exceeded_and_the_sign_does_not_matter():
    response = np.zeros(2000)
    response[3], response[40], response[90] = 0.1, -0.2, -1.0
    assert len(early_response(response, 8000)) == 40 + 400


def test_a_short_response_is_all_early():
    response = np.array([0.0, 1.0, 0.5])
    np.testing.assert_array_equal(early_response(response, 8000), response)
    np.testing.assert_array_equal(early_response(np.zeros(5), 8000), np.zeros(5))
