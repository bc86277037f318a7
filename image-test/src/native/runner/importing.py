"""Import the module of the first argument, then write to the file of the second why that failed, if it did.

Without that file the interpreter ended before the import did.
"""

import importlib
import sys
import traceback

NAME, OUTCOME = sys.argv[1:3]
del sys.argv[1:]
WHY = ""
try:
    importlib.import_module(NAME)
except Exception as error:
    traceback.print_exc()
    WHY = traceback.format_exception_only(type(error), error)[-1].strip()
with open(OUTCOME, "x", encoding="utf-8") as file:
    file.write(WHY)
sys.exit(1 if WHY else 0)
