"""What is known of a network before it is made."""

PARTS = ("encoder", "recurrent", "head")
# Those whose time steps are known without making them; a class of one's own may count otherwise.
ENCODERS = ("ocr.models.encoders.Conv", "ocr.models.encoders.VGG", "ocr.models.encoders.ResNet")


def time_steps(width, stride: int, stem_stride: int):
    """Time steps that one of `ENCODERS` gives for `width` pixels (an int, or a tensor of them).

    stride: pixels for a time step, a power of two. stem_stride: of the first convolution, 1 or 2.
    """
    if stem_stride == 2 and stride > 1:  # it rounds up, and the poolings after it down
        width, stride = (width + 1) // 2, stride // 2
    return width // stride
