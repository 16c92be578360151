"""Sources of samples: folders of images and their captions, packed folders, synthetic captchas."""
