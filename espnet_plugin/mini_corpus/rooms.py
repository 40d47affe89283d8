"""Room impulse responses of the built-in corpus, by the image source method."""

import numpy as np

SPEED_OF_SOUND_M_S = 343.0

SIZE_M = ((3.0, 9.0), (2.8, 7.0), (2.4, 3.8))  # length, width, height
RT60_S = (0.15, 0.7)
DISTANCE_M = (0.5, 3.0)  # between mouth and microphone
WALL_MARGIN_M = 0.4
EAR_HEIGHT_M = (1.0, 1.8)

# The work grows with the cube of the order. Small lively rooms need the highest orders and are rare in life,
# so a long reverberation time gets a larger room.
HIGHEST_ORDER = 100


def room_response(rate_hz: int, random: np.random.Generator) -> np.ndarray:
    """Impulse response between two random places in a random room.

    The response starts at the direct path: the time the sound travels from mouth to microphone is cut off.
    The dry speech is the target of the enhancement, and with the travel time left in, the two would be
    shifted against each other by up to 9 ms: a network would have to guess the distance, and measures that
    compare sample by sample (SI-SDR) would report the shift instead of the quality.

    Args:
        rate_hz: sampling rate of the response.
        random: source of room size, reverberation time (0.15 to 0.7 s) and places.

    Returns:
        response (samples,) float64, peak 1, direct path at sample 0, as long as the reverberation time.
    """
    import pyroomacoustics

    # The order in which threads add up the images would change the last bits of the samples.
    pyroomacoustics.constants.set("num_threads", 1)

    rt60_s = random.uniform(*RT60_S)
    size_m, absorption, order = _size(rt60_s, random)
    mouth_m, microphone_m, delay = _places(size_m, rate_hz, random)
    room = pyroomacoustics.ShoeBox(
        size_m, fs=rate_hz, materials=pyroomacoustics.Material(absorption), max_order=order
    )
    room.add_source(mouth_m)
    room.add_microphone(microphone_m)
    room.compute_rir()
    # The library centres its interpolation filter, so everything comes half a filter late.
    start = delay + pyroomacoustics.constants.get("frac_delay_length") // 2
    response = room.rir[0][0][start : start + round(rt60_s * rate_hz)].astype(np.float64)
    fade = min(len(response), round(0.01 * rate_hz))
    response[len(response) - fade :] *= np.linspace(1, 0, fade)
    return response / np.abs(response).max()


def _size(rt60_s: float, random: np.random.Generator) -> tuple[np.ndarray, float, int]:
    """A room that can have this reverberation time, the absorption of its walls, and the order it needs."""
    import pyroomacoustics

    while True:
        size_m = np.array([random.uniform(*limits) for limits in SIZE_M])
        try:
            absorption, order = pyroomacoustics.inverse_sabine(rt60_s, size_m)
        except ValueError:  # too large to be that dry
            continue
        if order <= HIGHEST_ORDER:
            return size_m, absorption, order


def _places(
    size_m: np.ndarray, rate_hz: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, int]:
    """Mouth, microphone, and the delay between them in whole samples.

    A whole number keeps the direct path a single sample, with no interpolation ripple to cut in two.
    """
    low = np.array([WALL_MARGIN_M, WALL_MARGIN_M, EAR_HEIGHT_M[0]])
    high = np.array([size_m[0] - WALL_MARGIN_M, size_m[1] - WALL_MARGIN_M, EAR_HEIGHT_M[1]])
    while True:
        mouth_m = random.uniform(low, high)
        direction = random.standard_normal(3) * (1.0, 1.0, 0.2)
        delay = round(random.uniform(*DISTANCE_M) / SPEED_OF_SOUND_M_S * rate_hz)
        distance_m = delay * SPEED_OF_SOUND_M_S / rate_hz
        microphone_m = mouth_m + direction / np.linalg.norm(direction) * distance_m
        if np.all(microphone_m >= low) and np.all(microphone_m <= high):
            return mouth_m, microphone_m, delay
