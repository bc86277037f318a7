"""Whether docs/differences.md has every defect, and names proofs that exist."""

import json
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PAGE = (ROOT / "docs/differences.md").read_text()
# The defects of the scripts that are replaced which these tools do not have.
MENDED = [*range(1, 5), 7, 8, *range(10, 18), 19, 20, *range(26, 33), *range(33, 39), 47, 48, 49, 50, *range(51, 63)]
# Those that have a number of their own below another's.
LETTERED = ["D12a", "D12b", "D12c", "D12d", "D12e", "D12f", "D12g", "D12h", "D14a", "D14b", "D15a", "D17a", "D33a"]
ROW = re.compile(r"^\| (D\d+[a-z]?(?:, D\d+[a-z]?)*) \|.*\| ([^|]+) \|$", re.MULTILINE)


def rows():
    """The numbers of each row, and the names of its proofs."""
    for numbers, proofs in ROW.findall(PAGE):
        yield numbers.split(", "), re.findall(r"`(\w+)`", proofs)


def tests():
    """The names of all tests."""
    found = set()
    for pattern, start in (("**/*.rs", "fn"), ("**/*.py", "def")):
        for top in ROOT.iterdir():
            if top.name.startswith(".") or top.name == "target" or not top.is_dir():
                continue
            for path in top.glob(pattern):
                found.update(re.findall(rf"^\s*{start} (\w+)\(", path.read_text(), re.MULTILINE))
    return found


class Differences(unittest.TestCase):
    def test_every_mended_defect_has_a_row_with_a_proof(self):
        there = {number for numbers, proofs in rows() if proofs for number in numbers}
        missing = [number for number in [*(f"D{number}" for number in MENDED), *LETTERED] if number not in there]
        self.assertEqual(missing, [])

    def test_every_proof_exists(self):
        known = tests()
        gone = [name for _, proofs in rows() for name in proofs if name not in known]
        gone += [name for name in re.findall(r"\(`(\w+)`\)", PAGE) if name not in known]
        self.assertEqual(gone, [])

    def test_a_proof_is_named_by_its_defect_where_it_can_be(self):
        known = tests()
        for number in MENDED:
            named = re.compile(rf"(test_)?(d\d+[a-z]?_)*d{number}[a-z]?_")
            self.assertTrue(any(named.match(name) for name in known), f"no test is named d{number}_...")

    def test_every_documented_deviation_is_on_the_page(self):
        table = json.loads((ROOT / "scripts/parity/deviations.json").read_text())
        ids = {word for entry in table for word in entry["id"].split() if re.fullmatch(r"D\d+[a-z]?", word)}
        there = {number for numbers, _ in rows() for number in numbers}
        self.assertEqual(sorted(ids - there), [])


class Commands(unittest.TestCase):
    def test_every_command_of_the_scripts_that_are_replaced_is_here_and_gets_installed(self):
        recorded = {path.stem for path in (ROOT / "scripts/parity/recorded").glob("*/*.json")} - {"contexts"}
        install = (ROOT / "scripts/install").read_text().replace("\\\n", " ").split()
        for name in sorted(recorded | {"image-dev-pars"}):
            self.assertTrue((ROOT / "scripts" / name).exists(), name)
            self.assertTrue({name, name + ";"} & set(install), f"{name} is not installed")


if __name__ == "__main__":
    unittest.main()
