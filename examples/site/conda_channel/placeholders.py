"""Packages that only stand for native libraries: a real name and version, and one line of text inside.

What Python itself loads comes with the image's Debian packages; these give the solver and the frozen files something
true to their kind. Several have two versions, so that two deliveries can differ.
"""

from conda_channel.package import TAR_BZ2, Member, Package

NATIVE = {
    "bzip2": ["1.0.8"],
    "fftw": ["3.3.9", "3.3.10"],
    "freetds": ["1.3.22", "1.4.10"],
    "krb5": ["1.20.1", "1.21.2"],
    "libedit": ["3.1.20191231"],
    "ncurses": ["6.4"],
    "nomkl": ["1.0"],
    "openblas": ["0.3.24", "0.3.26"],
    "openssl": ["3.1.4", "3.2.1"],
    "readline": ["8.2"],
    "sqlite": ["3.44.2", "3.45.1"],
    "tk": ["8.6.13"],
    "unixodbc": ["2.3.12"],
    "xz": ["5.2.6"],
    "zlib": ["1.2.13"],
}
DATA = {"ca-certificates": ["2023.11.17", "2024.2.2"], "tzdata": ["2023c", "2024a"]}
DEPENDS = {"freetds": ["openssl", "unixodbc"], "krb5": ["libedit", "openssl"], "openssl": ["ca-certificates"]}
DEPENDS |= {"readline": ["ncurses"], "sqlite": ["readline", "zlib"], "tk": ["zlib"]}
# Not only the newer archive format has to work.
OLD_FORMAT = {"zlib"}


def placeholder(name, version, native_subdir):
    """One such package."""
    noarch = name in DATA
    return Package(
        name=name,
        version=version,
        build="0" if noarch else "h0_0",
        subdir="noarch" if noarch else native_subdir,
        depends=DEPENDS.get(name, []),
        noarch="generic" if noarch else "",
        members=[Member(f"share/placeholders/{name}", f"{name} {version}\n".encode())],
        **({"suffix": TAR_BZ2} if name in OLD_FORMAT else {}),
    )


def placeholders(native_subdir):
    """All of them."""
    for name, versions in sorted((NATIVE | DATA).items()):
        for version in versions:
            yield placeholder(name, version, native_subdir)
