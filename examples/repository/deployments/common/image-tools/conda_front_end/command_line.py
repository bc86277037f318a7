"""The part of conda's command line that the image scripts use."""

import argparse
import json
import os
import sys
from pathlib import Path

from conda_front_end import explicit_file, pip_packages
from conda_front_end.environment_file import EnvironmentFile
from conda_front_end.fault import Fault
from conda_front_end.prefix import Prefix
from conda_front_end.settings import Settings
from conda_front_end.transaction import Transaction, match_spec


def main(arguments):
    """Carry out one command; the exit status."""
    options = parser().parse_args(arguments)
    try:
        return options.verb(Settings(), options) or 0
    except Fault as fault:
        print(f"conda: {fault}", file=sys.stderr)
        return 1


def parser():
    """Every command and flag."""
    top = argparse.ArgumentParser(prog="conda", description=__doc__)
    verbs = top.add_subparsers(required=True, metavar="COMMAND")
    add(verbs, "create", create, "file", "specs", help="make an environment from specs or an explicit list")
    add(verbs, "install", install, "file", "specs", help="add packages to an environment")
    add(verbs, "list", show_packages, help="the packages of an environment")
    add(verbs, "info", info, "base", help="where conda is")
    run = add(verbs, "run", run_command, help="run a command in an environment")
    run.add_argument("command", nargs=argparse.REMAINDER)
    env = verbs.add_parser("env", help="whole environments").add_subparsers(required=True, metavar="COMMAND")
    add(env, "create", env_create, "file", help="make an environment from a file")
    add(env, "update", env_update, "file", "prune", help="change an environment to agree with a file")
    add(env, "export", env_export, "build", help="describe an environment as a file")
    add(env, "list", env_list, help="every environment")
    return top


def add(verbs, name, verb, *features, help):
    """One command, with the flags common to all and those of its `features`."""
    command = verbs.add_parser(name, help=help)
    command.set_defaults(verb=verb)
    command.add_argument("-n", "--name")
    command.add_argument("-c", "--channel", action="append", default=[])
    command.add_argument("-q", "--quiet", action="store_true")
    command.add_argument("-y", "--yes", action="store_true")
    command.add_argument("--json", action="store_true")
    if "file" in features:
        command.add_argument("-f", "--file", type=Path)
    if "specs" in features:
        command.add_argument("specs", nargs="*")
    if "prune" in features:
        command.add_argument("--prune", action="store_true")
    if "base" in features:
        command.add_argument("--base", action="store_true")
    if "build" in features:
        command.add_argument("--no-build", "--no-builds", action="store_true")
    return command


def create(settings, options):
    """`conda create`: a new environment from specs, a list of specs, or an explicit list."""
    prefix = fresh(settings, options.name)
    text = read(options.file) if options.file else ""
    transaction = Transaction(settings, prefix)
    if explicit_file.is_explicit(text):
        transaction.install_explicit(explicit_file.parse(text, options.file))
    else:
        transaction.solve_and_install(options.specs + spec_lines(text), options.channel)
    say(options, f"created {prefix.path}")


def install(settings, options):
    """`conda install`: new specs join, or replace, those asked for before.

    The base environment is there from the start in any conda; here the first installation makes it.
    """
    base = options.name in (None, "base")
    prefix = Prefix(settings.root) if base else existing(settings, options.name)
    specs = options.specs + spec_lines(read(options.file) if options.file else "")
    Transaction(settings, prefix).solve_and_install(joined(prefix.requested(), specs), options.channel)
    say(options, f"installed {' '.join(specs)} into {prefix.path}")


def env_create(settings, options):
    """`conda env create`: a new environment from a file, its pip half included."""
    wanted = environment_file(options)
    prefix = fresh(settings, options.name or wanted.name)
    fill(settings, prefix, wanted, wanted.conda)
    say(options, f"created {prefix.path}")


def env_update(settings, options):
    """`conda env update`: the file's specs join those asked for before, or replace all with `--prune`."""
    wanted = environment_file(options)
    prefix = Prefix(settings.prefix(options.name or wanted.name))
    before = prefix.requested() if prefix.exists() and not options.prune else []
    fill(settings, prefix, wanted, joined(before, wanted.conda))
    say(options, f"updated {prefix.path}")


def env_export(settings, options):
    """`conda env export`: what is there now, as a file that `env create` understands."""
    prefix = existing(settings, options.name)
    records = prefix.records()
    channels = sorted({channel_of(settings, record) for record in records})
    described = EnvironmentFile(
        name=options.name or "base",
        channels=channels or settings.channels,
        conda=[exported(record, options.no_build) for record in records],
        pip=prefix.pip_items(),
        prefix=str(prefix.path),
    )
    sys.stdout.write(described.render())


def env_list(settings, options):
    """`conda env list`: names and directories."""
    places = {"base": settings.root} if Prefix(settings.root).exists() else {}
    for path in sorted(settings.root.glob("envs/*")):
        if Prefix(path).exists():
            places[path.name] = path
    if options.json:
        print(json.dumps({"envs": [str(path) for path in places.values()]}, indent=2))
        return
    print("# conda environments:\n#")
    for name, path in places.items():
        print(f"{name:24} {path}")


def show_packages(settings, options):
    """`conda list`: name, version, build and channel of each package."""
    prefix = existing(settings, options.name)
    rows = [
        {"name": record["name"], "version": record["version"], "build_string": record["build"]}
        | {"channel": channel_of(settings, record)}
        for record in prefix.records()
    ]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"# packages in environment at {prefix.path}:\n#")
    for row in rows:
        print(f"{row['name']:24} {row['version']:16} {row['build_string']:20} {row['channel']}")


def info(settings, options):
    """`conda info`: with `--base`, only the root directory."""
    print(settings.root if options.base else f"base environment : {settings.root}\nchannel alias : {settings.alias}")


def run_command(settings, options):
    """`conda run`: replace this process by a command that sees the environment first."""
    prefix = existing(settings, options.name)
    if not options.command:
        raise Fault("run: no command given")
    os.environ.update(
        PATH=f"{prefix.path / 'bin'}:{os.environ['PATH']}",
        CONDA_PREFIX=str(prefix.path),
        CONDA_DEFAULT_ENV=options.name or "base",
    )
    try:
        os.execvp(options.command[0], options.command)
    except OSError as error:
        raise Fault(f"{options.command[0]}: {error.strerror}") from error


def fill(settings, prefix, wanted, specs):
    """Install both halves of an environment file.

    A file with a `prefix:` was exported; the pip half of such a file is complete by itself.
    """
    Transaction(settings, prefix).solve_and_install(specs, wanted.channels)
    pip_packages.install(prefix, wanted.pip, exact=bool(wanted.prefix))


def fresh(settings, name):
    """The prefix of an environment that must not exist yet."""
    prefix = Prefix(settings.prefix(name))
    if prefix.exists():
        raise Fault(f"{prefix.path} exists already")
    return prefix


def existing(settings, name):
    """The prefix of an environment that must exist."""
    prefix = Prefix(settings.prefix(name or "base"))
    if not prefix.exists():
        raise Fault(f"no environment at {prefix.path}")
    return prefix


def environment_file(options):
    """The environment file that the options name."""
    path = options.file or Path("environment.yml")
    return EnvironmentFile.parse(read(path), path)


def read(path):
    """A file's text."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}") from error


def spec_lines(text):
    """The specs of a plain list, one a line, `#` comments aside."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    return [line for line in lines if line]


def joined(before, now):
    """Earlier specs, less those of packages that the newer specs name, then the newer ones."""
    named = {spec_name(spec) for spec in now}
    return [spec for spec in before if spec_name(spec) not in named] + list(now)


def spec_name(spec):
    """The package a spec is about."""
    return str(match_spec(spec).name)


def channel_of(settings, record):
    """The name of the channel a record came from."""
    return settings.channel_name(record["channel"].removesuffix("/" + record["subdir"]))


def exported(record, no_build):
    """One exported spec."""
    spec = f"{record['name']}={record['version']}"
    return spec if no_build else f"{spec}={record['build']}"


def say(options, message):
    """Tell of success, unless asked not to."""
    if not options.quiet:
        print(message)
