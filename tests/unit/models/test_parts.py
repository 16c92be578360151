"""Contracts of the parts: shapes, gradients, and no influence of padding."""

from itertools import product

import pytest
import torch
from conftest import ROOT, config
from hydra.errors import HydraException
from omegaconf import OmegaConf
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ocr.config.instantiate import build, build_part
from ocr.data.images.preprocessing import Preprocessor
from ocr.errors import UserError
from ocr.models.crnn import CRNN
from ocr.models.layers import Convolution, Residual
from ocr.models.recurrent import GRU, LSTM, RNN
from ocr.models.time_steps import ENCODERS


def choices(group):
    return sorted(path.stem for path in (ROOT / "conf" / group).glob("*.yaml"))


COMBINATIONS = list(product(choices("encoder"), choices("recurrent"), choices("head")))


def crnn(*overrides, height=32, channels=1, num_classes=11):
    model = OmegaConf.to_container(config("encoder.stride=4", *overrides).model, resolve=True)
    return CRNN(
        encoder=model["encoder"],
        recurrent=model["recurrent"],
        head=model["head"],
        preprocessor=Preprocessor(height, channels=channels),
        num_classes=num_classes,
    )


@pytest.mark.parametrize("encoder,recurrent,head", COMBINATIONS)
def test_shapes_and_gradients(encoder, recurrent, head):
    model = crnn(f"encoder={encoder}", f"recurrent={recurrent}", f"head={head}")
    logits, lengths = model(torch.randn(3, 1, 32, 90), torch.tensor([90, 90, 90]))
    assert logits.shape == (3, model.encoder.time_steps(90), 11)
    assert lengths.tolist() == [model.encoder.time_steps(90)] * 3
    logits.logsumexp(-1).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("encoder", choices("encoder"))
@pytest.mark.parametrize("recurrent", choices("recurrent"))
@pytest.mark.parametrize("stem_stride", [1, 2])
def test_padding_changes_nothing(encoder, recurrent, stem_stride):
    model = crnn(
        f"encoder={encoder}", f"recurrent={recurrent}", f"encoder.stem_stride={stem_stride}"
    )
    model.train()
    model(torch.randn(8, 1, 32, 100), torch.full((8,), 100))  # makes norms differ from the identity
    model.eval()
    widths = torch.tensor([37, 100, 64, 5])
    images = torch.randn(4, 1, 32, 107)  # padded further than the widest image, as batches are
    for row, width in zip(images, widths, strict=True):
        row[..., width:] = 0
    together, lengths = model(images, widths)
    for i, width in enumerate(widths):
        alone, length = model(images[i : i + 1, ..., :width], widths[i : i + 1])
        assert length == lengths[i]
        torch.testing.assert_close(together[i, :length], alone[0, :length], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("encoder", choices("encoder"))
@pytest.mark.parametrize("stride", [1, 2, 4, 8])
@pytest.mark.parametrize("stem_stride", [1, 2])
def test_time_steps_depend_on_the_stride_alone(encoder, stride, stem_stride):
    for num_layers, growth in ((3, 1.0), (6, 2.0)):
        model = crnn(
            f"encoder={encoder}",
            f"encoder.stride={stride}",
            f"encoder.stem_stride={stem_stride}",
            f"encoder.num_layers={num_layers}",
            f"encoder.growth={growth}",
            "encoder.channels=4",
        )
        for width in (80, 83):
            logits, _ = model(torch.randn(2, 1, 32, width), torch.tensor([width, width]))
            assert logits.shape[1] == model.encoder.time_steps(width)
        assert model.encoder.time_steps(80) == 80 // stride


def test_the_time_steps_of_every_encoder_in_conf_are_known_without_building_it():
    targets = {config(f"encoder={name}").encoder._target_ for name in choices("encoder")}
    assert targets == set(ENCODERS)


@pytest.mark.parametrize("height", [16, 32, 50, 64, 101])
def test_images_of_any_height(height):
    logits, _ = crnn(height=height)(torch.randn(2, 1, height, 40), torch.tensor([40, 40]))
    assert logits.shape == (2, 10, 11)


def test_colour_images():
    logits, _ = crnn(channels=3)(torch.randn(2, 3, 32, 40), torch.tensor([40, 40]))
    assert logits.shape == (2, 10, 11)


def test_an_image_narrower_than_a_time_step_has_no_time_steps():
    logits, lengths = crnn()(torch.randn(2, 1, 32, 2), torch.tensor([2, 1]))
    assert lengths.tolist() == [0, 0]
    assert torch.isfinite(logits).all()


def test_growth_and_num_layers_decide_the_channels():
    model = crnn("encoder=conv", "encoder.num_layers=3", "encoder.channels=10", "encoder.growth=2")
    assert [stage.conv.out_channels for stage in model.encoder.stages] == [10, 20, 40]


def test_units_decide_the_linear_layers():
    model = crnn("encoder.units=48", "encoder.units_2=24")
    assert [dense.linear.out_features for dense in model.encoder.columns] == [48, 24]
    model = crnn("encoder.units=0", "encoder.units_2=0", "encoder.num_layers=4")
    assert len(model.encoder.columns) == 0


def test_hidden_sizes_decide_the_recurrent_layers():
    model = crnn("recurrent.num_layers=3", "recurrent.hidden_size=24", "recurrent.hidden_size_2=12")
    assert [layer.forward_rnn.hidden_size for layer in model.recurrent.layers] == [24, 12, 12]


@pytest.mark.parametrize("kind", [LSTM, GRU, RNN])
def test_a_bidirectional_layer_computes_what_torch_does_with_packed_sequences(kind):
    layer = kind(in_features=6, num_layers=1, hidden_size=5, hidden_size_2=None, dropout=0.0)
    packing = kind.kind(6, 5, batch_first=True, bidirectional=True)
    weights = {}
    for key, value in packing.state_dict().items():
        direction = "backward_rnn" if key.endswith("_reverse") else "forward_rnn"
        weights[f"layers.0.{direction}.{key.removesuffix('_reverse')}"] = value
    layer.load_state_dict(weights)
    x, lengths = torch.randn(4, 9, 6), torch.tensor([9, 1, 4, 0])
    packed = pack_padded_sequence(x[:3], lengths[:3], batch_first=True, enforce_sorted=False)
    expected, _ = pad_packed_sequence(packing(packed)[0], batch_first=True)
    made = layer(x, lengths)
    for row, other, length in zip(made, expected, lengths):
        torch.testing.assert_close(row[:length], other[:length])
    assert made.isfinite().all()


def test_an_untrained_head_predicts_blanks():
    for head in choices("head"):
        logits, _ = crnn(f"head={head}", "head.blank_prior=0.8").eval()(
            torch.zeros(1, 1, 32, 40), torch.tensor([40])
        )
        assert logits.softmax(-1)[..., 0].mean().item() == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize(
    "override,words",
    [
        ("encoder.stride=3", "encoder.stride=3"),
        ("encoder.num_layers=0", "encoder.num_layers=0"),
        ("encoder.max_channels=10000", "encoder.max_channels=10000"),
        ("encoder.channels=300", "encoder.max_channels=256"),
        ("encoder.kernel_size=4", "encoder.kernel_size"),
        ("encoder.norm=layer", "encoder.norm=layer"),
        ("encoder.stem_stride=3", "encoder.stem_stride=3"),
        ("head.blank_prior=1.5", "head.blank_prior=1.5"),
    ],
)
def test_impossible_values_are_named(override, words):
    with pytest.raises(Exception) as caught:
        crnn(override)
    error = caught.value
    while not isinstance(error, UserError):
        error = error.__cause__
    assert words in str(error)


@pytest.mark.parametrize(
    "make,target",
    [
        (build, "os.system"),
        (build, "ocr.callbacks.checkpointing.shutil.rmtree"),  # through a module of ours
        (build, "ocr.models.module.torch.load"),
        (build_part, "ocr.models.encoders.torch.load"),
        (build_part, "torch.optim.SGD"),  # not a part of the network
    ],
)
def test_other_targets_are_refused(make, target):
    for _ in range(2):
        with pytest.raises(HydraException, match=r"whitelist|execution mechanisms"):
            make({"_target_": target, "_convert_": "all"})


def test_a_target_is_looked_up_once(monkeypatch):
    config = OmegaConf.create({"_target_": "torch.optim.SGD", "lr": 0.5})
    weights = [torch.zeros(1, requires_grad=True)]
    build(config, weights)
    monkeypatch.setattr("ocr.config.instantiate.instantiate", None)
    made = build(config, weights)
    assert isinstance(made, torch.optim.SGD) and made.defaults["lr"] == 0.5


@pytest.mark.parametrize("plain,kind", [(True, Convolution), (False, Residual)])
def test_the_first_stage_of_a_resnet(plain, kind):
    model = crnn("encoder=resnet", f"encoder.plain_stem={plain}")
    assert isinstance(model.encoder.stages[0], kind)
