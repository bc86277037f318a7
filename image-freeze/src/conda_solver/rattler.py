"""Solve for conda's packages: the question as JSON on standard input, the answer as JSON on standard output."""

import asyncio
import json
import os
import sys
from datetime import timedelta

import rattler
from rattler.exceptions import SolverError


def main():
    """Answer, then leave without running destructors.

    The library's threads now and then abort an interpreter that shuts down in the usual way, after all work is done.
    """
    asked = json.load(sys.stdin)
    try:
        answer = {"packages": [described(record) for record in asyncio.run(solved(asked))]}
    except SolverError as error:
        # It also says so when it runs out of time.
        is_verdict = str(error).startswith("Cannot solve the request")
        answer = {"conflict" if is_verdict else "failure": str(error)}
    except Exception as error:  # the library raises many types, and none of them is a verdict
        answer = {"failure": str(error) or type(error).__name__}
    print(json.dumps(answer))
    sys.stdout.flush()
    os._exit(0)


async def solved(asked):
    """The packages, with nothing known of this machine but what was asked for."""
    cache = "force-cache-only" if asked["offline"] else "cache-or-fetch"
    return await rattler.solve(
        sources=[rattler.Channel(channel) for channel in asked["channels"]],
        specs=[rattler.MatchSpec(spec, strict=False) for spec in asked["specs"]],
        gateway=rattler.Gateway(default_config=rattler.SourceConfig(cache_action=cache)),
        platforms=[asked["platform"], "noarch"],
        virtual_packages=[virtual(*package) for package in asked["virtual"]],
        strategy="lowest-direct" if asked["lowest"] else "highest",
        timeout=timedelta(seconds=asked["seconds"]),
    )


def virtual(name, version, build):
    """Something that the image has without a package."""
    return rattler.GenericVirtualPackage(
        rattler.PackageName(name), rattler.Version(version), rattler.BuildString(build)
    )


def described(record):
    """A package, in the words of conda's own records."""
    digests = {"md5": record.md5, "sha256": record.sha256}
    return {
        "name": record.name.normalized,
        "version": str(record.version),
        "build": str(record.build),
        "url": record.url,
        **{name: digest.hex() for name, digest in digests.items() if digest},
    }


main()
