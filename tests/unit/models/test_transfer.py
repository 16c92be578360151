"""Weights of a reader are transferred to a reader with another charset."""

import pytest
import torch
from conftest import ROOT, config
from omegaconf import OmegaConf

from ocr.config.instantiate import build
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.text.charset import BLANK, Charset
from ocr.errors import UserError
from ocr.models.checkpoint import Network
from ocr.models.transfer import CHARSETS, merge_charsets, require_compatible, transfer_weights

HEADS = sorted(path.stem for path in (ROOT / "conf/head").glob("*.yaml"))
SMALL = (
    "encoder.channels=8",
    "encoder.units=16",
    "encoder.stride=4",
    "recurrent.hidden_size=8",
)


def model_config(*overrides):
    return OmegaConf.to_container(config(*SMALL, *overrides).model, resolve=True)


def network(*overrides, symbols="abc"):
    """Return a network whose weights differ from every initialisation, as if it were trained."""
    values = model_config(*overrides)
    preprocessor = Preprocessor(16)
    model = build(values, symbols=symbols, preprocessor=preprocessor.state()).model.eval()
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.add_(0.1 * torch.rand(value.shape))
    parts = {part: values[part] for part in ("encoder", "recurrent", "head")}
    return Network(model, parts, Charset(symbols), preprocessor)


def fine_tuned(old, charset, *overrides):
    values = model_config(*overrides)
    made = build(
        values, symbols=charset.symbols, preprocessor=old.preprocessor.state()
    ).model.eval()
    transfer_weights(old, made, charset)
    return made


def logits(model, width=64):
    images = torch.rand(2, 1, 16, width, generator=torch.Generator().manual_seed(1))
    return model(images, torch.tensor([width, width]))[0]


@pytest.mark.parametrize("how,expected", [("union", "cabxz"), ("new", "axz")], ids=["union", "new"])
def test_charset_of_union_and_new(how, expected):
    assert merge_charsets(Charset("cab"), Charset("axz"), how).symbols == expected


def test_fail_keeps_the_old_charset_or_names_what_it_lacks():
    assert merge_charsets(Charset("cab"), Charset("ab"), "fail").symbols == "cab"
    with pytest.raises(UserError, match="xz"):
        merge_charsets(Charset("cab"), Charset("axz"), "fail")
    assert set(CHARSETS) == {"union", "new", "fail"}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("symbols", ["xcya", "cba", "abcdefgh"])
def test_known_characters_keep_their_logits(head, symbols):
    old = network(f"head={head}")
    before, after = logits(old.model), logits(fine_tuned(old, Charset(symbols), f"head={head}"))
    assert after.shape[-1] == len(symbols) + 1
    torch.testing.assert_close(after[..., BLANK], before[..., BLANK])
    for number, symbol in enumerate(symbols, start=1):
        if symbol in "abc":
            torch.testing.assert_close(after[..., number], before[..., "abc".index(symbol) + 1])


@pytest.mark.parametrize("head", HEADS)
def test_a_new_character_is_likely_where_the_old_ones_were(head):
    old = network(f"head={head}", "head.blank_prior=null")
    layer = old.model.head[-1]
    with torch.no_grad():
        layer.weight[1:] += 20 * torch.randn(layer.in_features)  # shifts the logits of all symbols
    before, after = logits(old.model), logits(fine_tuned(old, Charset("xy"), f"head={head}"))
    for new in (1, 2):
        pair = torch.stack([after[..., new].flatten(), before[..., 1:].mean(-1).flatten()])
        assert torch.corrcoef(pair)[0, 1] > 0.99
    assert not torch.allclose(after[..., 1], after[..., 2])


def test_many_new_characters_leave_the_blank_as_likely_as_it_was():
    old = network()
    many = Charset("abc" + "".join(chr(0x4E00 + i) for i in range(3000)))
    before = logits(old.model).softmax(-1)[..., BLANK].mean()
    after = logits(fine_tuned(old, many)).softmax(-1)[..., BLANK].mean()
    assert before > 0.7
    # All new characters together are about as likely as the old ones.
    assert (1 - after) / after < 2.5 * (1 - before) / before


def test_all_other_weights_are_copied():
    old = network("head=mlp")
    new = fine_tuned(old, Charset("xyz"), "head=mlp").state_dict()
    for name, value in old.model.state_dict().items():
        if not name.startswith("head.1."):
            assert torch.equal(new[name], value), name


@pytest.mark.parametrize(
    "overrides,key",
    [
        (["encoder.units=24"], "encoder.units (16 saved, 24 given)"),
        (["encoder=conv"], "encoder._target_"),
        (["recurrent=gru"], "recurrent._target_"),
        (["head=mlp"], "head._target_"),
    ],
)
def test_weights_that_do_not_fit_are_refused_with_the_key(overrides, key):
    with pytest.raises(UserError) as refusal:
        require_compatible(network(), model_config(*overrides), Preprocessor(16), "old.ckpt")
    assert key in str(refusal.value) and "old.ckpt" in str(refusal.value)
    assert "mean" not in str(refusal.value)


def test_another_image_height_is_refused_with_the_key():
    with pytest.raises(UserError, match=r"data\.height \(16 saved, 99 given\)"):
        require_compatible(network(), model_config(), Preprocessor(99), "old.ckpt")


def test_values_without_weights_may_differ():
    require_compatible(network(), model_config("encoder.dropout=0.3"), Preprocessor(16), "old.ckpt")
