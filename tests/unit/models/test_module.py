"""The LightningModule with every optimizer, scheduler and experiment."""

from types import SimpleNamespace

import pytest
import torch
from conftest import ROOT, config
from omegaconf import OmegaConf

from ocr.config.instantiate import build
from ocr.config.precision import fastest_precision
from ocr.data.collate import Batch
from ocr.data.images.preprocessing import Preprocessor

OPTIMIZERS = sorted(path.stem for path in (ROOT / "conf/optimizer").glob("*.yaml"))
EXPERIMENTS = sorted(path.stem for path in (ROOT / "conf/experiment").glob("*.yaml"))
SCHEDULERS = sorted(path.stem for path in (ROOT / "conf/scheduler").glob("*.yaml"))


def recognizer(*overrides, symbols="ab"):
    model = OmegaConf.to_container(
        config("encoder.channels=8", "encoder.stride=4", *overrides).model, resolve=True
    )
    made = build(model, symbols=symbols, preprocessor=Preprocessor(16).state())
    made.log = lambda *args, **kwargs: None
    made._trainer = SimpleNamespace(estimated_stepping_batches=20)
    return made


def batch():
    """Return two images, "ab" and "b": one white bar for a, two for b."""
    images = torch.zeros(2, 1, 16, 48)
    images[0, 0, :, 6:9] = images[1, 0, :, 6:9] = images[1, 0, :, 12:15] = 1
    images[0, 0, :, 30:33] = images[0, 0, :, 36:39] = 1
    return Batch(images, torch.tensor([48, 48]), torch.tensor([1, 2, 2]), torch.tensor([2, 1]))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(optimizer):
    model = recognizer(f"optimizer={optimizer}", "scheduler=none")
    made = build(model.hparams.optimizer, model.parameters())
    first = model.training_step(batch(), 0)
    for step in range(60):
        made.zero_grad()
        loss = model.training_step(batch(), step)
        loss.backward()
        made.step()
    assert loss < 0.5 * first


def test_the_loss_of_an_epoch_is_logged_if_it_had_steps():
    model, logged = recognizer(), {}
    model.log = lambda name, value, **_: logged.update({name: value})
    model.on_train_epoch_end()  # as in a run that is resumed after the last step of an epoch
    assert not logged
    losses = [model.training_step(batch(), 1).item() for _ in range(2)]
    model.on_train_epoch_end()
    assert logged["train/loss"].compute().item() == pytest.approx(sum(losses) / 2)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_scheduler_works_with_every_optimizer(optimizer, scheduler):
    model = recognizer(f"optimizer={optimizer}", f"scheduler={scheduler}")
    made = model.configure_optimizers()
    schedule = made["lr_scheduler"]["scheduler"]
    rates = []
    for _ in range(20):
        made["optimizer"].step()
        rates.append(made["optimizer"].param_groups[0]["lr"])
        schedule.step(*([1.0] if scheduler == "plateau" else []))
    peak = model.hparams.optimizer["lr"]
    assert max(rates) == pytest.approx(peak, rel=0.01)
    if scheduler != "none":
        assert rates[-1] < 0.6 * peak


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_has_a_finite_loss_and_gradients(experiment):
    model = recognizer(f"experiment={experiment}")
    loss = model.training_step(batch(), 0)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_the_keras_experiment_has_the_layers_of_the_keras_example():
    model = recognizer("experiment=keras").model
    convolutions = [stage.conv for stage in model.encoder.stages]
    assert [(c.out_channels, c.kernel_size, c.stride) for c in convolutions] == [
        (8, (3, 3), (1, 1)),  # 32 and 64 in the experiment; `recognizer` has smaller channels
        (16, (3, 3), (1, 1)),
    ]
    assert [layer.forward_rnn.hidden_size for layer in model.recurrent.layers] == [128, 64]
    assert model.encoder.time_steps(200) == 50


def test_biases_and_norms_are_not_decayed():
    model = recognizer("optimizer=adamw", "scheduler=none")
    decayed, free = model.configure_optimizers()["optimizer"].param_groups
    assert decayed["weight_decay"] > 0 and all(p.ndim > 1 for p in decayed["params"])
    assert free["weight_decay"] == 0 and all(p.ndim == 1 for p in free["params"])


def test_the_loss_is_per_character_and_independent_of_padding():
    model = recognizer().eval()
    pair = batch()
    logits, lengths = model(pair.images, pair.widths)
    both = model._loss(logits, lengths, pair)
    single = [
        Batch(pair.images[:1], pair.widths[:1], torch.tensor([1, 2]), torch.tensor([2])),
        Batch(pair.images[1:], pair.widths[1:], torch.tensor([2]), torch.tensor([1])),
    ]
    alone = [model._loss(*model(one.images, one.widths), one) for one in single]
    torch.testing.assert_close(both, (alone[0] + alone[1]) / 2)


def test_hyperparameters_are_plain():
    def plain(value):
        if isinstance(value, dict):
            return all(plain(v) for v in value.values())
        return value is None or type(value) in (str, int, float, bool)

    assert plain(dict(recognizer().hparams))


def test_the_fastest_precision_of_a_cpu_is_float32():
    assert fastest_precision("cpu") == "32-true"
