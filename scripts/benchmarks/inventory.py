"""image-freeze inventory against reading and hashing the same archive."""

import base64
import hashlib
import io
import os
import tarfile

from benchmarks.environments import ENVIRONMENTS, PINS, prefix
from benchmarks.timing import most_memory, side_by_side


def installed(name, number):
    """The files of one distribution: path and content."""
    site = f"{prefix(name)}/lib/python3.11/site-packages"
    files = [(f"{site}/package_{number}/module_{i}.py", os.urandom(3000 + 401 * i)) for i in range(40)]
    info = f"{site}/package_{number}-1.{number}.0.dist-info"
    listed = "".join(
        f"{path[len(site) + 1:]},sha256={digest(content)},{len(content)}\n" for path, content in files
    )
    metadata = f"Metadata-Version: 2.1\nName: package-{number}\nVersion: 1.{number}.0\n\nText\n"
    return [*files, (f"{info}/METADATA", metadata.encode()), (f"{info}/RECORD", listed.encode())]


def digest(content) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def root_archive(file):
    """A root file system with three environments of 350 distributions."""
    with tarfile.open(file, "w") as archive:
        for name in ENVIRONMENTS:
            for number in range(PINS):
                for path, content in installed(name, number):
                    member = tarfile.TarInfo(path)
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))


def measure(bench):
    """image-freeze inventory against tar's list of the same archive, and against hashing it."""
    archive = bench.archive
    if archive is None:
        archive = bench.scratch / "root.tar"
        root_archive(archive)
    tool = [bench.tools / "image-freeze", "inventory", archive]
    calls = [["tar", "tf", archive], tool, ["openssl", "dgst", "-sha256", archive], [*tool, "--verify"]]
    listed, taken, hashed, verified = side_by_side([([call], bench.scratch) for call in calls], max(bench.rounds // 8, 3))
    size = archive.stat().st_size / (1 << 20)
    sheet = bench.sheet
    sheet.title(f"inventory of an archive of {size:.0f} MiB")
    sheet.figure("`tar t`", listed)
    sheet.figure("`image-freeze inventory`", taken)
    sheet.figure("times `tar t`", taken / listed, unit="", at_most=1.3)
    sheet.figure("`openssl dgst -sha256`", hashed)
    sheet.figure("`image-freeze inventory --verify`", verified)
    sheet.figure("times `openssl dgst -sha256`", verified / hashed, unit="", at_most=1.3)
    for what, call in (("`inventory`", calls[1]), ("`inventory --verify`", calls[3])):
        sheet.figure(f"{what}, most memory held", most_memory(call, bench.scratch), unit="MiB", at_most=64)
