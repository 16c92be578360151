"""Real sets of several kinds, on which the search is measured.

Each is small, or made small, so that a configuration trains within a minute; three tenths of the
images validate, because a table of trials is only as good as its scores are exact.
"""

import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from drawn import draw_set

COMMON = ("data=folder", "data.test_size=0", "data.val_size=0.3")


@dataclass(frozen=True)
class Set:
    """A set of images.

    Attributes:
        archive: The zip in the data folder; None: it is drawn.
        epochs: Of a trial.
        overrides: More of them.
    """

    archive: str | None
    epochs: int
    overrides: tuple[str, ...] = ()

    def prepare(self, data: Path, scratch: Path) -> list[str]:
        """Unpack or draw the images, unless they are there; return the overrides of a trial.

        Args:
            data: The folder of zips.
            scratch: Where the images go.
        """
        place = scratch / (self.archive or "drawn")
        if not place.exists():
            shutil.rmtree(unfinished := place.with_suffix(".part"), ignore_errors=True)
            if self.archive is None:
                draw_set(unfinished / "drawn", DRAWN)
            else:
                with zipfile.ZipFile(data / f"{self.archive}.zip") as file:
                    file.extractall(unfinished)
            unfinished.rename(place)
        [folder] = [path for path in place.iterdir() if path.is_dir()]
        return [*COMMON, f"data.dir={folder}", f"trainer.max_epochs={self.epochs}", *self.overrides]


DRAWN = 1500  # images
SETS = {
    "captchas": Set("captcha_images_v2_900", 6, ("data.train_images=100",)),
    "plates": Set("lprnet", 7),
    "lines": Set("uw3_500", 4, ("data.min_images=1",)),
    "portal": Set(
        "hfut4", 8, ("data.train_images=50", "data.case=lower", "data.labels=labels.csv")
    ),
    "drawn": Set(None, 4),
}
