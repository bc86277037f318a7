"""A call, as far as it matters: questions are left out, and where a build is staged is no matter."""

import re
import shlex
from dataclasses import dataclass, field
from typing import Dict, List, Optional

import titles

# Questions, which change nothing.
QUESTIONS = re.compile(
    r"docker (version|info|inspect|images|ps|(buildx|container|image) (version|inspect|ls))"
    r"|git (|rev-parse|status|diff|log|show|ls-files|ls-tree|ls-remote|for-each-ref|cat-file|config|merge-base|remote|remote get-url|check-attr|count-objects|merge-tree|ls-remote|rev-list"
    r"|describe|check-ignore|check-ref-format|diff-index|diff-files|diff-tree|symbolic-ref|var|--version|hash-object|name-rev|version)"
)
STAGED = re.compile(r"\{root\}/\.image/|\{sandbox\}/tmp/")
# What is squashed has a name that never was before, on either side.
NUMBERED = re.compile(r"(squash-base-|Dockerfile\.squash)(-?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\{container\})")


@dataclass
class Call:
    """One call of a program."""

    title: str
    words: List[str]
    line: str
    # Where it is done: a build's context, or git's directory; None where that is no matter.
    place: Optional[str] = ""
    file: str = ""
    dockerfile: str = ""
    context: Dict[str, str] = field(default_factory=dict)


def calls_of(facts):
    """Those that do something, in order."""
    found = (call_of(unnumbered(call)) for call in facts.get("calls", []))
    return in_order([call for call in found if not QUESTIONS.fullmatch(call.title.partition(" in ")[0])])


def unnumbered(value):
    if isinstance(value, dict):
        return {key: unnumbered(one) for key, one in value.items()}
    if isinstance(value, list):
        return [unnumbered(one) for one in value]
    return NUMBERED.sub(r"\1", value) if isinstance(value, str) else value


def in_order(calls):
    """The two sides of a pipe begin in any order: what is read comes first here."""
    for number in range(len(calls) - 1):
        if (calls[number].title, calls[number + 1].title) == ("docker import", "docker export"):
            calls[number : number + 2] = [calls[number + 1], calls[number]]
    return calls


def call_of(noted):
    program, argv = noted["program"], noted["argv"]
    title = titles.title(program, argv)
    line = " ".join([program, *map(shlex.quote, argv)])
    if program == "docker" and argv[:1] == ["build"]:
        return build(noted, title, line)
    if program == "git":
        # How git is told where it works is no matter; where it does is.
        words, place = titles.git_words(argv, noted["cwd"])
        return Call(f"{title} in {place}", words, " ".join(["git", *map(shlex.quote, words)]))
    words = argv
    if program == "docker" and argv and argv[0] not in titles.GROUPS:
        # To pull or not is a word of its own for a build only.
        switches, rest = titles.words(argv[1:], titles.VALUED | {"--pull"})
        words = [argv[0], *joined(switches), *rest]
    elif program == "docker":
        words = [one for word in argv for one in spelt(word, None)]
    return Call(title, words, line, noted["cwd"] if program == "curl" else "")


# How a switch is spelt is no matter, nor whether two stand in one word.
SPELT = {"-f": ["--force"], "-it": ["--interactive", "--tty"]}


def joined(switches):
    return [word for name, value in switches for word in spelt(name, value)]


def spelt(name, value):
    return SPELT.get(name, [name]) if value is None else [f"{name} {value}"]


def build(noted, title, line):
    switches, _ = titles.build_words(noted["argv"][1:])
    named = ("-t", "--tag", "-f", "--file")
    words = joined([switch for switch in switches if switch[0] not in named])
    # What is staged is told by its files, and its Dockerfile by its text.
    place = None if STAGED.match(noted["context"]) else noted["context"]
    return Call(title, words, line, place, noted["file"], noted["dockerfile"], noted["files"])
