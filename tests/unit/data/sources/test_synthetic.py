import random
import secrets

import captcha.image
import numpy as np
import pytest

from ocr.data.sources.synthetic import SyntheticCaptchas

SIZE = (80, 30)


def captchas(count: int, symbols: str, length: int, size=SIZE, seed: int = 0) -> SyntheticCaptchas:
    return SyntheticCaptchas(
        count=count,
        symbols=symbols,
        length=length,
        image_width=size[0],
        image_height=size[1],
        seed=seed,
    )


def pixels(made: SyntheticCaptchas, index: int = 0) -> np.ndarray:
    return np.array(made.draw(index))


def test_captions_are_made_of_the_symbols():
    made = captchas(200, "ABC", 4)
    assert len(made.texts) == 200
    assert {len(text) for text in made.texts} == {4}
    assert set("".join(made.texts)) == set("ABC")


def test_every_captcha_has_a_unique_name():
    assert len(set(captchas(200, "A", 1).names)) == 200


@pytest.mark.parametrize("size", [(80, 30), (30, 80), (160, 60)])
def test_captchas_have_the_given_size(size):
    picture = captchas(1, "ABC", 4, size).draw(0)
    assert picture.size == size
    assert picture.mode == "RGB"
    assert np.ptp(np.array(picture)) > 50  # something is drawn


def test_pixels_do_not_depend_on_the_order_of_drawing():
    made = captchas(4, "ABC", 3, seed=7)
    forwards = [pixels(made, i) for i in range(4)]
    random.seed(1)
    again = captchas(4, "ABC", 3, seed=7)
    backwards = [pixels(again, i) for i in reversed(range(4))]
    np.testing.assert_array_equal(forwards, backwards[::-1])


def test_a_captcha_is_drawn_the_same_every_time():
    made = captchas(1, "ABC", 3)
    np.testing.assert_array_equal(pixels(made), pixels(made))


def test_more_captchas_do_not_change_the_first():
    assert captchas(9, "ABC", 3).names[:4] == captchas(4, "ABC", 3).names


def test_another_seed_draws_other_captchas():
    first, second = (captchas(20, "ABCDEF", 4, seed=seed) for seed in (0, 1))
    assert first.texts != second.texts


def test_the_same_caption_is_drawn_differently_with_another_seed_or_number():
    first, second = captchas(2, "A", 3), captchas(1, "A", 3, seed=1)
    assert not np.array_equal(pixels(first, 0), pixels(first, 1))
    assert not np.array_equal(pixels(first, 0), pixels(second))


def test_drawing_does_not_affect_global_random_numbers():
    state = random.getstate()
    pixels(captchas(1, "ABC", 3))
    assert random.getstate() == state


def test_the_secrets_module_is_restored_after_drawing():
    pixels(captchas(1, "ABC", 3))
    assert captcha.image.secrets is secrets


def test_the_secrets_module_is_restored_after_an_error(monkeypatch):
    def fail(*_):
        assert captcha.image.secrets is not secrets
        raise RuntimeError("no font")

    monkeypatch.setattr(captcha.image.ImageCaptcha, "generate_image", fail)
    with pytest.raises(RuntimeError, match="no font"):
        pixels(captchas(1, "ABC", 3))
    assert captcha.image.secrets is secrets
