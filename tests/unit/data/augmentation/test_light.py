import pytest
import torch

from ocr.data.augmentation.light import LightAugmentation

NONE = dict.fromkeys(
    ("tilt", "slant", "scale", "shift", "elastic", "contrast", "brightness", "blur", "noise"), 0.0
)
USUAL = {
    "tilt": 0.1,
    "slant": 0.15,
    "scale": 0.1,
    "shift": 0.06,
    "elastic": 0.03,
    "contrast": 0.2,
    "brightness": 0.2,
    "blur": 0.5,
    "noise": 0.1,
}
SHAPES = [(2, 1, 32, 100), (2, 3, 32, 100), (1, 1, 32, 800), (1, 1, 32, 8), (3, 1, 50, 1)]


def light(**strengths: float) -> LightAugmentation:
    return LightAugmentation(**NONE | strengths)


def stroke(width: int, start: int, end: int, height: int = 32) -> torch.Tensor:
    """Images of 0 with an upright stroke of 1."""
    images = torch.zeros(1, 1, height, width)
    images[..., start:end] = 1
    return images


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_and_type_are_kept_and_values_are_finite(shape):
    images = torch.randn(shape)
    changed = LightAugmentation(**USUAL)(images)
    assert changed.shape == images.shape
    assert changed.dtype == images.dtype
    assert changed.isfinite().all()


@pytest.mark.parametrize("shape", SHAPES)
def test_strengths_of_0_change_nothing(shape):
    images = torch.rand(shape)
    torch.testing.assert_close(light()(images), images, atol=1e-4, rtol=0)


@pytest.mark.parametrize("strength", USUAL)
def test_each_strength_changes_images_differently_every_time(strength):
    images, change = torch.rand(2, 1, 32, 100), light(**{strength: USUAL[strength]})
    results = [change(images) for _ in range(20)]  # some batches are blurred, the others noisy
    assert max((result - images).abs().max() for result in results) > 0.01
    assert max((result - results[0]).abs().max() for result in results) > 0.001


@pytest.mark.parametrize("strength", USUAL)
def test_each_image_draws_its_own_values(strength):
    images = torch.rand(1, 1, 32, 100).repeat(2, 1, 1, 1)
    change = light(**{strength: USUAL[strength]})
    results = [change(images) for _ in range(20)]
    assert max((first - second).abs().max() for first, second in results) > 0.001


def test_the_same_seed_gives_the_same_changes():
    images, results = torch.rand(2, 1, 32, 100), []
    for _ in range(2):
        torch.manual_seed(3)
        results.append(LightAugmentation(**USUAL)(images))
    assert torch.equal(*results)


def test_augmentation_does_not_change_its_input():
    images = torch.rand(2, 1, 32, 100)
    before = images.clone()
    LightAugmentation(**USUAL)(images)
    assert torch.equal(images, before)


def test_all_channels_change_equally():
    images = torch.rand(1, 1, 32, 100).repeat(1, 3, 1, 1)
    red, green, blue = LightAugmentation(**USUAL | {"noise": 0.0})(images)[0]
    assert torch.equal(red, green) and torch.equal(green, blue)


def test_brightness_adds_one_number_within_its_limit():
    images = torch.rand(200, 1, 8, 8)
    added = (light(brightness=0.2)(images) - images).flatten(1)
    assert added.std(dim=1).max() < 1e-4
    assert -0.2 <= added.min() < -0.15 and 0.15 < added.max() <= 0.2


def test_contrast_is_one_factor_within_its_limit():
    images = torch.rand(200, 1, 8, 8) + 1
    factor = (light(contrast=0.2)(images) / images).flatten(1)
    assert factor.std(dim=1).max() < 1e-4
    assert 0.8 <= factor.min() + 1e-4 < 0.85 and 1.15 < factor.max() <= 1.2 + 1e-4


@pytest.mark.parametrize("width", [64, 640])
def test_a_shift_is_in_image_heights(width):
    images = stroke(width, width // 2, width // 2 + 1).repeat(200, 1, 1, 1)
    columns = light(shift=0.25)(images)[:, 0, 16] @ torch.arange(float(width))
    moved = columns - width // 2  # a shift by 0.25 of 32 pixels
    assert moved.abs().max() <= 8.5
    assert moved.min() < -6 and moved.max() > 6


@pytest.mark.parametrize("width", [64, 640])
def test_a_slant_is_in_image_heights(width):
    images = stroke(width, width // 2, width // 2 + 1).repeat(200, 1, 1, 1)
    rows = light(slant=0.5)(images)[:, 0] @ torch.arange(float(width))
    lean = rows[:, 0] - rows[:, -1]
    assert lean.abs().max() <= 16.5
    assert lean.min() < -12 and lean.max() > 12


def test_a_shift_repeats_the_border():
    images = torch.ones(50, 1, 32, 64)
    torch.testing.assert_close(light(shift=0.5, tilt=0.2, scale=0.2)(images), images)


def test_a_blur_leaves_a_flat_image_flat():
    images, change = torch.ones(1, 1, 32, 64), light(blur=1.0)
    for _ in range(20):
        torch.testing.assert_close(change(images), images)


def test_some_batches_are_noisy_and_the_others_are_not():
    images, change = torch.ones(4, 1, 32, 64), light(blur=0.5, noise=0.1)
    inside = [change(images)[..., 2:-2, 2:-2] for _ in range(40)]
    noisy = sum(bool(pixels.std() > 1e-3) for pixels in inside)
    assert 8 < noisy < 32


@pytest.mark.parametrize("width", [64, 1600])
def test_scaling_keeps_the_first_character_in_the_image(width):
    images = stroke(width, 8, 24).repeat(100, 1, 1, 1)  # a quarter of the height from the edge
    kept = light(scale=0.1)(images)[:, 0, 16].sum(1)
    assert kept.min() > 12
