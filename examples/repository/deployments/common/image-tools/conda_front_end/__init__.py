"""A small `conda` command over the rattler library.

It covers what the image scripts ask of `$CONDA_VER`, so that a base image without conda, mamba or
micromamba still gets real conda environments: the same solver family, package format, channels and
`conda-meta` records. A base image that brings a conda of its own never uses this package.
"""
