"""The packages of the wheel; everything else is in pyproject.toml.

conf/ stands at the top of the repository and is installed as ocr/conf. pyproject.toml can't say
that beside the automatic discovery of the other packages.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["ocr*"]), "ocr.conf"],
    package_dir={"ocr.conf": "conf"},
    package_data={"ocr": ["py.typed"], "ocr.conf": ["**/*.yaml"]},
)
