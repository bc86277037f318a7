"""The in-image scripts as modules: they have no ending, so `import` does not find them."""

import importlib.machinery
import importlib.util
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "repository/deployments/common/common-scripts"


def load(name):
    """One of them, by its file's name."""
    module_name = name.replace("-", "_")
    loader = importlib.machinery.SourceFileLoader(module_name, str(SCRIPTS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(module_name, loader))
    loader.exec_module(module)
    return module
