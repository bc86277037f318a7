"""Ours against what was recorded, case by case, and the sums."""

import collections
import time
from dataclasses import dataclass, field
from typing import List

import difference
import session
from call import calls_of
from deviation import Deviations
from recording import Recording


@dataclass
class Verdict:
    """What came of one case."""

    name: str
    calls: int
    documented: List[tuple] = field(default_factory=list)
    undocumented: List[object] = field(default_factory=list)
    stderr: str = ""

    def lines(self, verbose, quiet=False):
        if self.undocumented:
            yield f"{self.name}: {len(self.undocumented)} UNDOCUMENTED"
            yield from (f"    {one}" for one in self.undocumented)
            if verbose and self.stderr:
                yield from (f"    stderr: {line}" for line in self.stderr.splitlines()[-6:])
        if self.documented and not quiet:
            counts = collections.Counter(deviation.id for _, deviation in self.documented)
            shown = ", ".join(f"{name} {count}" if count > 1 else name for name, count in counts.items())
            yield f"{self.name}: as documented: {shown}"
            if verbose:
                yield from (f"    {deviation.id}: {one}" for one, deviation in self.documented)


def judge(case, theirs, ours, deviations):
    verdict = Verdict(case.name, len(calls_of(theirs)), stderr=ours.get("stderr", ""))
    for one in difference.between(theirs, ours):
        deviation = deviations.reason(case, one)
        if deviation:
            verdict.documented.append((one, deviation))
        else:
            verdict.undocumented.append(one)
    return verdict


def main(args):
    with session.tools_of(args) as tools:
        return compare(args, tools)


def compare(args, tools):
    start = time.monotonic()
    recordings = {generation: Recording.load(generation) for generation in ("2024", "newest")}
    cases = [case for case in session.selected(args.filter)]
    recorded = [case for case in cases if recordings[case.generation].get(case)]
    there = [case for case in recorded if (tools / case.command).exists()]
    missing = collections.Counter(case.command for case in recorded if case not in there)
    deviations = Deviations()
    names = sorted({name for recording in recordings.values() for name in recording.commands()})
    verdicts = []
    for case, ours in zip(there, session.run_all(there, args.jobs, session.run_ours(tools, names))):
        verdict = judge(case, recordings[case.generation].get(case), ours, deviations)
        verdicts.append(verdict)
        for line in verdict.lines(args.verbose, args.quiet):
            print(line, flush=True)
    for command, count in sorted(missing.items()):
        print(f"missing: {command}, {count} cases")
    if not args.filter:
        for deviation in deviations.unused():
            print(f"unused: deviation {deviation.id}: {deviation.why}")
    return totals(verdicts, missing, time.monotonic() - start)


def totals(verdicts, missing, seconds):
    documented = sum(len(verdict.documented) for verdict in verdicts)
    undocumented = sum(len(verdict.undocumented) for verdict in verdicts)
    same = sum(not verdict.documented and not verdict.undocumented for verdict in verdicts)
    print(f"{same} cases are the same in all, {sum(missing.values())} have no command of ours; took {seconds:.0f} s")
    print(f"{len(verdicts)} cases, {sum(verdict.calls for verdict in verdicts)} calls compared: "
          f"{documented} documented differences, {undocumented} undocumented")
    return 1 if undocumented or not verdicts else 0
