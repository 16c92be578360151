"""A LightningModule with given validation scores."""

import torch
from pytorch_lightning import LightningModule
from torch.utils.data import DataLoader


class Scripted(LightningModule):
    """A module with given validation scores; it records the learning rate of each step.

    An epoch has four steps.

    Args:
        score: Returns val/cer of an epoch, counted from 0.
        schedule: Returns the lr_scheduler for an optimizer and a number of steps.
    """

    def __init__(self, score, schedule):
        super().__init__()
        self.score = score
        self.schedule = schedule
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.rates = []

    def training_step(self, batch, batch_idx):
        self.rates.append(self.optimizers().param_groups[0]["lr"])
        return -self.weight.sum()

    def validation_step(self, batch, batch_idx):
        self.log("val/cer", self.score(self.current_epoch))

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=1.0)
        schedule = self.schedule(optimizer, self.trainer.estimated_stepping_batches)
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def train_dataloader(self):
        return DataLoader([0] * 4)

    val_dataloader = train_dataloader
