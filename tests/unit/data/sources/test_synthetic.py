import random
import secrets

import captcha.image
import numpy as np
import pytest

from ocr.data.sources.synthetic import Drawing, drawings

SIZE = (80, 30)


def pixels(drawing: Drawing) -> np.ndarray:
    return np.array(drawing.source())


def test_captions_are_made_of_the_symbols():
    made = drawings(200, "ABC", 4, SIZE, seed=0)
    assert len(made) == 200
    assert {len(drawing.text) for drawing in made} == {4}
    assert set("".join(drawing.text for drawing in made)) == set("ABC")


def test_every_drawing_has_a_name_of_its_own():
    assert len({drawing.name for drawing in drawings(200, "A", 1, SIZE, seed=0)}) == 200


@pytest.mark.parametrize("size", [(80, 30), (30, 80), (160, 60)])
def test_pictures_have_their_size(size):
    (drawing,) = drawings(1, "ABC", 4, size, seed=0)
    picture = drawing.source()
    assert picture.size == size
    assert picture.mode == "RGB"
    assert np.ptp(np.array(picture)) > 50  # something is drawn


def test_the_same_seed_draws_the_same_pixels_in_any_order():
    forwards = [pixels(drawing) for drawing in drawings(4, "ABC", 3, SIZE, seed=7)]
    random.seed(1)
    backwards = [pixels(drawing) for drawing in reversed(drawings(4, "ABC", 3, SIZE, seed=7))]
    np.testing.assert_array_equal(forwards, backwards[::-1])


def test_a_drawing_is_the_same_every_time():
    (drawing,) = drawings(1, "ABC", 3, SIZE, seed=0)
    np.testing.assert_array_equal(pixels(drawing), pixels(drawing))


def test_more_drawings_change_none_of_the_first():
    assert drawings(9, "ABC", 3, SIZE, seed=0)[:4] == drawings(4, "ABC", 3, SIZE, seed=0)


def test_another_seed_draws_others():
    first, second = (drawings(20, "ABCDEF", 4, SIZE, seed) for seed in (0, 1))
    assert [drawing.text for drawing in first] != [drawing.text for drawing in second]


def test_the_same_caption_is_drawn_anew_under_another_seed_and_number():
    one, two, three = *drawings(2, "A", 3, SIZE, seed=0), *drawings(1, "A", 3, SIZE, seed=1)
    assert not np.array_equal(pixels(one), pixels(two))
    assert not np.array_equal(pixels(one), pixels(three))


def test_drawing_leaves_other_random_numbers_alone():
    state = random.getstate()
    pixels(drawings(1, "ABC", 3, SIZE, seed=0)[0])
    assert random.getstate() == state


def test_the_captcha_package_gets_its_secrets_back():
    pixels(drawings(1, "ABC", 3, SIZE, seed=0)[0])
    assert captcha.image.secrets is secrets


def test_the_captcha_package_gets_its_secrets_back_after_a_failure(monkeypatch):
    def fail(*_):
        assert captcha.image.secrets is not secrets
        raise RuntimeError("no font")

    monkeypatch.setattr(captcha.image.ImageCaptcha, "generate_image", fail)
    with pytest.raises(RuntimeError, match="no font"):
        pixels(drawings(1, "ABC", 3, SIZE, seed=0)[0])
    assert captcha.image.secrets is secrets
