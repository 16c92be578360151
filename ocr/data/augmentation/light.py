"""Random distortions of whole batches, on the training device.

Shapes: B batch, C channels, H height, W width.
"""

from inspect import signature

import torch
import torch.nn.functional as F
from torch import nn

from ocr.errors import UserError


class LightAugmentation(nn.Module):
    """Distorts images as a camera, a scanner or a captcha generator does.

    Lengths are in image heights, so that they mean the same for number plates and printed lines.
    Each image gets random values from -x to x. A batch is either blurred or gets noise.

    Args:
        tilt: Vertical displacement of the ends, one up and the other down.
        slant: Horizontal shear, in width per height.
        scale: Change of size.
        shift: Displacement of the whole image.
        elastic: Standard deviation of a smooth displacement of its parts.
        contrast: Change of contrast.
        brightness: Change of brightness, in standard deviations of the data set.
        blur: Largest share of a 3 x 3 mean that is mixed in.
        noise: Largest standard deviation of noise on each pixel.
        strength: Factor on all of these.

    Raises:
        UserError: A value is negative or no number.
    """

    def __init__(
        self,
        tilt: float,
        slant: float,
        scale: float,
        shift: float,
        elastic: float,
        contrast: float,
        brightness: float,
        blur: float,
        noise: float,
        strength: float = 1.0,
    ) -> None:
        super().__init__()
        values = locals()
        for key in signature(type(self)).parameters:
            if not (isinstance(values[key], int | float) and values[key] >= 0):
                raise UserError(f"augment.{key}={values[key]}: give a number, 0 or more")
        self.tilt = strength * tilt
        self.slant = strength * slant
        self.scale = strength * scale
        self.shift = strength * shift
        self.elastic = strength * elastic
        self.contrast = strength * contrast
        self.brightness = strength * brightness
        self.blur = min(1.0, strength * blur)
        self.noise = strength * noise

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Distort normalized images.

        Args:
            images: Float (B, C, H, W).

        Returns:
            Float (B, C, H, W).
        """
        images = F.grid_sample(
            images, self._grid(images), padding_mode="border", align_corners=True
        )
        column = images.new_empty(len(images), 1, 1, 1)
        if torch.rand(()) < 0.5:
            strength = column.uniform_(0, self.blur).clone()
            images = torch.lerp(
                images, F.avg_pool2d(images, 3, 1, 1, count_include_pad=False), strength
            )
        else:
            strength = column.uniform_(0, self.noise).clone()
            images = images + strength * torch.randn_like(images)
        contrast = column.uniform_(1 - self.contrast, 1 + self.contrast).clone()
        return images * contrast + column.uniform_(-self.brightness, self.brightness)

    def _grid(self, images: torch.Tensor) -> torch.Tensor:
        """Return the source coordinates of each pixel, for `grid_sample` with aligned corners.

        The mapping is drawn on a coarse lattice and interpolated, which keeps its affine part exact
        and makes the elastic part smooth.

        Returns:
            (B, H, W, 2), in -1 to 1.
        """
        batch, _, height, width = images.shape
        aspect = width / height
        rows, columns = 4, max(2, round(2 * aspect) + 1)

        def draw(limit: float) -> torch.Tensor:
            return images.new_empty(batch, 1, 1).uniform_(-limit, limit)

        # In image heights, from the centre.
        y, x = torch.meshgrid(
            torch.linspace(-0.5, 0.5, rows, device=images.device),
            torch.linspace(-0.5, 0.5, columns, device=images.device) * aspect,
            indexing="ij",
        )
        noise = self.elastic * torch.randn(2, batch, rows, columns, device=images.device)
        from_x = (
            x * (1 + draw(self.scale / max(1, aspect)))
            + y * draw(self.slant)
            + draw(self.shift)
            + noise[0]
        )
        from_y = y * (1 + draw(self.scale)) + x / aspect * draw(2 * self.tilt)
        from_y = from_y + draw(self.shift) + noise[1]
        # grid_sample's coordinates are from -1 to 1 across the image.
        coarse = torch.stack((from_x * (2 / aspect), from_y * 2), dim=1)
        fine = F.interpolate(coarse, (height, width), mode="bilinear", align_corners=True)
        return fine.permute(0, 2, 3, 1)
