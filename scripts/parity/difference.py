"""Two runs' facts, side by side: what differs, piece by piece."""

import difflib
from dataclasses import dataclass

import dockerfile_lines
from call import calls_of


@dataclass(frozen=True)
class Difference:
    """One piece that is not the same; an empty side means that it is not there."""

    facet: str
    key: str
    theirs: str
    ours: str

    def __str__(self):
        return f"{self.facet} {self.key}: {self.theirs or 'nothing'} | ours: {self.ours or 'nothing'}"


def between(theirs, ours):
    """All differences between two runs' facts."""
    if theirs["status"] != ours["status"]:
        yield Difference("status", "", str(theirs["status"]), str(ours["status"]))
    yield from calls(calls_of(theirs), calls_of(ours))
    yield from tables("file", theirs.get("files", {}), ours.get("files", {}), gone="deleted")
    yield from tables("git", refs(theirs), refs(ours), gone="deleted")
    yield from sequences("index", "", staged(theirs), staged(ours))
    yield from sequences("stdout", "", theirs.get("stdout") or [], ours.get("stdout") or [])
    if theirs.get("variables") is not None:
        yield from variables(theirs["variables"], ours.get("variables") or {})


def variables(theirs, ours):
    """Of a side with no setup-env to speak of, that is all there is to say."""
    there = ["set" if "DEPLOYMENT_NAME" in side else "" for side in (theirs, ours)]
    if there[0] != there[1]:
        yield Difference("variables", "", *there)
    else:
        yield from tables("variable", theirs, ours, gone="")


def refs(facts):
    return {name: value for name, value in facts.get("git", {}).items() if name != "status"}


def staged(facts):
    """What is in the index: the work tree's files are compared by themselves."""
    return [line for line in facts.get("git", {}).get("status", []) if line[0] not in " ?"]


def tables(facet, theirs, ours, gone):
    for key in sorted(set(theirs) | set(ours)):
        sides = [gone if key in side and side[key] is None else side.get(key, "") for side in (theirs, ours)]
        if sides[0] != sides[1] or (key in theirs) != (key in ours):
            yield Difference(facet, key, *sides)


def sequences(facet, key, theirs, ours):
    """Differences between two lists, in order; what was put in another's place is paired with it."""
    matcher = difflib.SequenceMatcher(None, theirs, ours, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        left, right = theirs[a:b], ours[c:d]
        if kind == "replace" and len(left) == len(right):
            yield from (Difference(facet, key, *pair) for pair in zip(left, right))
        else:
            yield from (Difference(facet, key, one, "") for one in left)
            yield from (Difference(facet, key, "", one) for one in right)


def calls(theirs, ours):
    """Calls are paired by title, in order; those of a pair are then compared in detail."""
    matcher = difflib.SequenceMatcher(None, [c.title for c in theirs], [c.title for c in ours], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            for pair in zip(theirs[a:b], ours[c:d]):
                yield from of_call(*pair)
            continue
        yield from (Difference("call", call.title, call.line, "") for call in theirs[a:b])
        yield from (Difference("call", call.title, "", call.line) for call in ours[c:d])


def of_call(theirs, ours):
    title = theirs.title
    yield from sequences("argument", title, theirs.words, ours.words)
    if theirs.place != ours.place and None not in (theirs.place, ours.place):
        yield Difference("place", title, theirs.place, ours.place)
    if theirs.file != ours.file:
        yield Difference("dockerfile name", title, theirs.file, ours.file)
    for one in tables("context", theirs.context, ours.context, gone=""):
        yield Difference("context", f"{title}: {one.key}", one.theirs, one.ours)
    yield from dockerfiles(title, theirs.dockerfile, ours.dockerfile)


def dockerfiles(title, theirs, ours):
    options = [" ".join(dockerfile_lines.options(text)) for text in (theirs, ours)]
    if options[0] != options[1]:
        yield Difference("mount options", title, *options)
    theirs, ours = dockerfile_lines.split(theirs), dockerfile_lines.split(ours)
    yield from sequences("dockerfile", title, [line for line, _ in theirs], [line for line, _ in ours])
    matcher = difflib.SequenceMatcher(None, [line for line, _ in theirs], [line for line, _ in ours], autojunk=False)
    for a, b, count in matcher.get_matching_blocks():
        for (line, their_mounts), (_, our_mounts) in zip(theirs[a : a + count], ours[b : b + count]):
            yield from of_mounts(line, their_mounts, our_mounts)


def of_mounts(line, theirs, ours):
    """What a line mounts: each kind by itself."""
    for kind in ("secret", "cache"):
        sides = [", ".join(one for one in side if one.startswith(kind)) for side in (theirs, ours)]
        if sides[0] != sides[1]:
            yield Difference(kind + " mounts", line, *sides)
