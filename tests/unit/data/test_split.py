import math
from dataclasses import replace

import numpy as np
import pytest

from ocr.data.character_coverage import ensure_character_coverage
from ocr.data.duplicates import content_digest, duplicate_groups
from ocr.data.samples import HASH_WORDS, Sample, Samples
from ocr.data.split import cut
from ocr.errors import UserError

SHARES = {"test": 0.1, "val": 0.1}


def split(samples: list[Sample] | Samples, shares, *where, **keys) -> dict[str, list[Sample]]:
    if isinstance(samples, list):
        samples = Samples.from_rows(samples)
    numbers = duplicate_groups(samples, 0)
    parts = cut(numbers, shares, *where, **keys)
    return {part: [*samples.take(indices)] for part, indices in parts.items()}


def covered(parts: dict[str, list[Sample]]) -> tuple[dict[str, list[Sample]], list[Sample]]:
    """The parts of `ensure_character_coverage`, and the samples that moved to training."""
    tables = {part: Samples.from_rows(kept) for part, kept in parts.items()}
    found, moved = ensure_character_coverage(tables)
    train = [*found["train"]]
    assert train[: len(train) - moved] == parts["train"]
    return {part: [*kept] for part, kept in found.items()}, train[len(train) - moved :]


def samples(count: int, seed: int = 0) -> list[Sample]:
    return [Sample(f"{i}.png", "x", content_digest(b"%d" % i, seed)) for i in range(count)]


def owners(parts: dict[str, list[Sample]]) -> dict[str, str]:
    return {sample.name: part for part, kept in parts.items() for sample in kept}


def test_every_sample_is_in_one_part_in_the_same_order():
    given = samples(500)
    parts = split(given, SHARES)
    assert sum(map(len, parts.values())) == 500
    assert owners(parts).keys() == {sample.name for sample in given}
    for kept in parts.values():
        assert kept == [sample for sample in given if sample in kept]


def test_parts_have_about_the_given_shares():
    parts = split(samples(2000), {"test": 0.1, "val": 0.2})
    assert len(parts["test"]) == pytest.approx(200, abs=45)
    assert len(parts["val"]) == pytest.approx(400, abs=60)


@pytest.mark.parametrize("count", [100, 1000, 1999])
def test_adding_images_moves_no_other_image(count):
    everything = samples(2000)
    before, after = owners(split(everything[:count], SHARES)), owners(split(everything, SHARES))
    assert before.items() <= after.items()


def test_the_order_of_samples_does_not_affect_the_split():
    given = samples(200)
    assert owners(split(given[::-1], SHARES)) == owners(split(given, SHARES))


def test_names_and_captions_do_not_affect_the_split():
    given = samples(200)
    renamed = [Sample(f"new-{s.name}", "y", s.digest) for s in given]
    assert owners(split(renamed, SHARES)) == {
        f"new-{name}": part for name, part in owners(split(given, SHARES)).items()
    }


def test_equal_images_stay_together():
    given = samples(200)
    copies = [Sample(f"copy-{s.name}", s.text, s.digest) for s in given]
    owner = owners(split(given + copies, SHARES))
    assert all(owner[f"copy-{s.name}"] == owner[s.name] for s in given)


def test_another_seed_gives_another_split():
    first, second = (owners(split(samples(2000, seed), SHARES)) for seed in (0, 1))
    assert first != second
    moved = sum(first[name] != second[name] for name in first)
    assert 400 < moved < 960  # independent draws would move 34 %


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [3, 4, 5, 10])
@pytest.mark.parametrize("shares", [SHARES, {"test": 0.45, "val": 0.45}, {"val": 0.001}])
def test_no_part_of_a_tiny_set_is_empty(count, seed, shares):
    parts = split(samples(count, seed), shares)
    assert parts.keys() == {"train", *shares}
    assert min(map(len, parts.values())) >= 1
    assert sum(map(len, parts.values())) == count


def at(*shares: float) -> list[Sample]:
    return [Sample(str(share), "x", int(share * 2**64)) for share in shares]


def test_borders_stay_if_no_part_is_empty():
    parts = split(at(0.05, 0.15, 0.25, 0.9), SHARES)
    assert {part: [s.name for s in kept] for part, kept in parts.items()} == {
        "test": ["0.05"],
        "val": ["0.15"],
        "train": ["0.25", "0.9"],
    }


def test_borders_move_by_as_few_images_as_possible():
    parts = split(at(0.5, 0.6, 0.7, 0.8, 0.9), SHARES)
    assert [len(parts[part]) for part in ("test", "val", "train")] == [1, 1, 3]
    parts = split(at(0.01, 0.02, 0.03, 0.04, 0.05), SHARES)
    assert [len(parts[part]) for part in ("test", "val", "train")] == [3, 1, 1]


@pytest.mark.parametrize("given", [samples(2), samples(1) * 10, samples(2) * 10])
def test_too_few_different_images_are_refused(given):
    with pytest.raises(UserError, match="too few for the parts train, test, val"):
        split(given, SHARES)


def test_a_test_share_of_0_gives_no_test_part():
    parts = split(samples(100), {"test": 0, "val": 0.1})
    assert parts.keys() == {"train", "val"}
    assert split(samples(2), {"test": 0, "val": 0.1})["val"]


def test_without_shares_all_images_are_for_training():
    assert split(samples(5), {}) == {"train": samples(5)}


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, 10, math.nan, math.inf])
@pytest.mark.parametrize("part", ["test", "val"])
def test_a_share_out_of_range_is_named(part, share):
    with pytest.raises(UserError, match=rf"data\.{part}_size={share}: "):
        split(samples(100), SHARES | {part: share})


@pytest.mark.parametrize("test,val", [(0.5, 0.5), (0.9, 0.2)])
def test_shares_without_training_images_are_refused(test, val):
    with pytest.raises(UserError, match=rf"data\.test_size={test} and data\.val_size={val}"):
        split(samples(100), {"test": test, "val": val})


def test_near_duplicates_and_groups_stay_together():
    given = samples(300)
    given = [replace(s, text=s.name) for s in given]
    copies = [
        replace(s, name=f"copy-{s.name}", digest=content_digest(b"c%d" % i, 0))
        for i, s in enumerate(given)
    ]
    table = Samples.from_rows(given + copies)
    hashes = np.random.default_rng(0).integers(1, 2**63, (300, HASH_WORDS)).astype(np.uint64)
    table.hashes[:300], table.hashes[300:] = hashes, hashes ^ np.uint64(5)
    owner = owners(split(table, SHARES))
    assert all(owner[f"copy-{s.name}"] == owner[s.name] for s in given)
    grouped = [replace(s, group=f"g{i % 60}") for i, s in enumerate(given)]
    owner = owners(split(grouped, SHARES))
    assert all(owner[s.name] == owner[given[i % 60].name] for i, s in enumerate(given))
    assert len(set(owner.values())) == 3


def test_folds_test_every_image_once():
    given = samples(500)
    tested = [
        s.name for k in range(5) for s in split(given, {"test": 0.2, "val": 0.1}, k / 5)["test"]
    ]
    assert sorted(tested) == sorted(s.name for s in given)
    parts = split(given, {"test": 0.2, "val": 0.1}, 0.8)
    assert len(parts["val"]) == pytest.approx(50, abs=20)


@pytest.mark.parametrize("count,folds", [(7, 2), (7, 3), (10, 5), (11, 4), (30, 6), (27, 25)])
def test_even_folds_of_few_images_are_equally_large(count, folds):
    given = samples(count)
    shares = {"test": 1 / folds, "val": 0.1}
    tested = [split(given, shares, k / folds, even=True)["test"] for k in range(folds)]
    assert sorted(s.name for fold in tested for s in fold) == sorted(s.name for s in given)
    sizes = {len(fold) for fold in tested}
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) >= 1


def test_training_sees_every_character():
    parts = {
        "train": [Sample("t", "ab", 1)],
        "val": [Sample("v1", "ac", 5), Sample("v2", "ca", 4), Sample("v3", "ab", 6)],
        "test": [Sample("d", "dd", 2), Sample("e", "ab", 3)],
    }
    kept, moved = covered(parts)
    assert {s.name for s in moved} in ({"d", "v1"}, {"d", "v2"})  # one c is enough
    assert [s.name for s in kept["train"]] == ["t", *(s.name for s in moved)]
    assert len(kept["val"]) == 2
    assert [s.name for s in kept["test"]] == ["e"]


def test_no_part_is_emptied_for_a_character():
    parts = {"train": [Sample("t", "a", 1)], "val": [Sample("v", "b", 2)]}
    assert covered(parts) == (parts, [])


def showing(character: str, names: str, start: int) -> list[Sample]:
    return [Sample(name, character, start + i) for i, name in enumerate(names)]


def test_training_gets_its_share_of_a_rare_character():
    common = [Sample(f"{i}", "a", i) for i in range(100, 180)]
    parts = {
        "train": [*common, *showing("b", "t", 0)],
        "val": [*showing("a", "uvwxyz", 30), *showing("b", "p", 20)],
        "test": [*showing("a", "klmno", 40), *showing("b", "qrs", 10)],
    }
    kept, moved = covered(parts)
    # Training gets four of its five images, as it has 81 of all 96 images.
    assert len(moved) == 3
    assert {s.text for s in moved} == {"b"}
    assert covered(kept) == (kept, [])


def each(part: str, characters: str, count: int, start: int) -> list[Sample]:
    """`count` images of each character, with evenly spaced digests from `start` on."""
    return [
        Sample(f"{part}{i}", character, start + i * 2**50)
        for i, character in enumerate(characters * count)
    ]


def test_all_parts_give_equally_and_keep_most():
    common, few = "abcdefghijklmnopqrstuvwxy", "ABCDEFGHIJKLMNOPQRSTUVWXY"
    parts = {
        "train": each("train", common, 16, 2**62),
        "val": each("val", common + few, 4, 2**61),
        "test": each("test", common + few, 4, 0),
    }
    kept, moved = covered(parts)
    # Training should get half of each character's 8 images, but a part gives at most a quarter.
    assert {s.text for s in moved} == set(few)
    assert len(moved) == 100
    for part in ("val", "test"):
        assert len(kept[part]) == 150


def test_a_part_gives_all_but_one_image_for_missing_characters():
    parts = {
        "train": showing("a", "tuvwxyz", 0),
        "val": [Sample(c, c, 100 + i) for i, c in enumerate("bcdefgh")],
    }
    kept, moved = covered(parts)
    assert len(kept["val"]) == 1
    assert len(moved) == 6


def test_a_common_character_moves_no_image():
    parts = {"train": showing("a", "tuvwx", 0), "val": showing("a", "abcdefghij", 10)}
    assert covered(parts) == (parts, [])
