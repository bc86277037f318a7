"""image-build of three missions; the engine is a stub that sleeps."""

import os
import shutil
import subprocess

from benchmarks.timing import ROOT, once, side_by_side

# A docker that has what it was told to build, and takes as long for it as it is told.
STUB = r"""#!/bin/sh
D=${0%/*}
at() { f=$D/images.d/$(printf %s "${1%:latest}" | tr /: __); }
case $1 in
    version) echo '24.0.7 24.0.7' ;;
    buildx) echo v0.13.1 ;;
    image) shift 2; all=
        for name do at "$name"; if [ -f "$f" ]; then all="$all${all:+,}$(cat "$f")"; else no=$name; fi; done
        echo "[$all]"; if [ -n "${no-}" ]; then echo "Error: No such image: $no" >&2; exit 1; fi ;;
    build) for word do case $before in --tag) tag=$word ;; --label) label=$word ;; esac; before=$word; done
        case $tag in *:latest) ;; *) sleep "$(cat "$D/seconds")" ;; esac
        hex=$(printf '%064x' "$(printf %s "$tag$label" | cksum | cut -d' ' -f1)"); at "$tag"
        printf '{"Id":"sha256:%s","Config":{"Env":["USE_FROZEN=0"],"Labels":{"%s":"%s"}},"Size":1}' \
            "$hex" "${label%%=*}" "${label#*=}" >"$f" ;;
    pull) at "$2"; printf '{"Id":"sha256:%064d","Config":{}}' 1 >"$f" ;;
    rmi) at "$2"; rm -f "$f" ;;
esac
"""
MISSIONS = ["roman", "tike", "jwebbinar"]
SECONDS = 2  # that a long build takes


def measure(bench):
    """image-build of three missions: foreseeing, doing nothing, and side by side; the engine is a stub that sleeps."""
    tree, stub = bench.scratch / "missions", bench.scratch / "stub"
    shutil.copytree(ROOT / "examples/repository", tree)
    for name in MISSIONS:
        if not (tree / "deployments" / name).exists():
            shutil.copytree(tree / "deployments/tike", tree / "deployments" / name)
    (stub / "images.d").mkdir(parents=True)
    (stub / "docker").write_text(STUB)
    (stub / "docker").chmod(0o755)
    (stub / "seconds").write_text(str(SECONDS))
    before = dict(os.environ)
    os.environ.update(PATH=f"{stub}:/usr/bin:/bin", HOME=str(bench.scratch))
    try:
        flags = ["--owner", "quay.io/jupyter", "--engine", "docker", "--ca-bundle", "none", "--root", tree]
        subprocess.run([bench.tools / "image-configure", "roman", *flags], check=True, capture_output=True)
        build = [bench.tools / "image-build", *MISSIONS, "--jobs", "3"]
        together = once(build, tree)
        again = [*build, "--from", "mission"]
        alone = [once([bench.tools / "image-build", name, "--from", "mission"], tree) for name in MISSIONS]
        path = SECONDS * 1000 + max(alone)
        ask = [stub / "docker", "image", "inspect", *(f"notebook-{name}:latest" for name in MISSIONS)]
        plan, nothing, call, bare = side_by_side(
            [([[*build, "--plan"]], tree), ([build], tree), ([ask], tree), ([["/bin/true"]], tree)], bench.rounds)
        side = once(again, tree)
    finally:
        os.environ.clear()
        os.environ.update(before)
    sheet = bench.sheet
    sheet.title("image-build, three missions (stub engine)")
    sheet.figure("a bare process (`/bin/true`)", bare)
    sheet.figure("`image-build --plan roman tike jwebbinar`", plan, at_most=10)
    sheet.figure("the one question to the engine, asked by itself", call)
    sheet.figure("`image-build roman tike jwebbinar`, nothing to do", nothing)
    sheet.figure("the same without the question", nothing - call, at_most=20)
    sheet.figure("all from nothing, in parallel", together)
    sheet.figure("times the critical path", together / path, unit="", at_most=1.1, note=f"{path:.0f} ms")
    sheet.figure("the missions upon a shared image that stands, in parallel", side)
    sheet.figure("times the slowest of them", side / max(alone), unit="", at_most=1.1, note=f"{max(alone):.0f} ms")
