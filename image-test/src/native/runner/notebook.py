"""Run a notebook with a kernel, in a Python that has nbclient or papermill.

notebook.py NOTEBOOK KERNEL REASON: why it failed is written to the file REASON, the traceback is printed.
"""

import sys


class CellFailed(Exception):
    """A cell did not run to its end."""

    def __init__(self, index, count, error):
        self.what = f"cell {index + 1} of {count}"
        self.name = getattr(error, "ename", None) or type(error).__name__
        self.value = getattr(error, "evalue", None) or str(error)
        super().__init__(f"{self.what}: {self.name}: {self.value}")
        self.traceback = getattr(error, "traceback", None) or str(error)


def by_nbclient(path, kernel):
    """As Jupyter itself runs it; the cell that is being run is noted, for whatever goes wrong in it."""
    import nbclient
    import nbformat

    class Client(nbclient.NotebookClient):
        at = None

        async def async_execute_cell(self, cell, cell_index, **options):
            type(self).at = cell_index
            return await super().async_execute_cell(cell, cell_index, **options)

    notebook = nbformat.read(path, as_version=4)
    client = Client(notebook, timeout=None, kernel_name=kernel, resources={"metadata": {"path": "."}})
    try:
        client.execute()
    except Exception as error:
        if Client.at is None:
            raise
        raise CellFailed(Client.at, len(notebook.cells), error) from error


def by_papermill(path, kernel):
    """As the image's own script runs it."""
    import json

    import papermill

    try:
        papermill.execute_notebook(path, "test.ipynb", kernel_name=kernel, progress_bar=False)
    except Exception as error:
        index = getattr(error, "cell_index", None)
        if index is None:
            raise
        with open(path, encoding="utf-8") as file:
            count = len(json.load(file).get("cells", []))
        raise CellFailed(index, count, error) from error


def runner():
    """The one that this Python has."""
    import importlib.util

    return by_nbclient if importlib.util.find_spec("nbclient") else by_papermill


def main(path, kernel, reason):
    """Status 1 and the reason in its file if the notebook failed."""
    try:
        runner()(path, kernel)
    except CellFailed as failed:
        text = failed.traceback
        print("\n".join(text) if isinstance(text, list) else text)
        why = str(failed).splitlines()[0]
    except Exception as error:
        import traceback

        traceback.print_exc()
        why = f"{type(error).__name__}: {error}".splitlines()[0]
    else:
        return 0
    with open(reason, "w", encoding="utf-8") as file:
        file.write(why)
    return 1


sys.exit(main(*sys.argv[1:]))
