"""Changes to an environment: solve for what should be there, then make it so."""

import asyncio
from datetime import timedelta

import rattler

from conda_front_end.archive_store import ArchiveStore
from conda_front_end.fault import Fault

SOLVE_LIMIT = timedelta(seconds=300)


class Transaction:
    """Works on one prefix with the given settings."""

    def __init__(self, settings, prefix):
        self.settings = settings
        self.prefix = prefix

    def solve_and_install(self, specs, channels):
        """Make the environment hold the best solution of `specs`, and nothing else."""
        asyncio.run(self._solve_and_install(specs, channels or self.settings.channels))

    def install_explicit(self, packages):
        """Make the environment hold exactly `packages`, every digest checked before the first is unpacked."""
        asyncio.run(self._install_explicit(packages))

    async def _solve_and_install(self, specs, channels):
        matches = [match_spec(spec) for spec in specs]
        try:
            records = await rattler.solve(
                sources=[self._channel(name) for name in channels],
                specs=matches,
                gateway=rattler.Gateway(cache_dir=self.settings.package_cache / "repodata"),
                locked_packages=self._installed(),
                virtual_packages=rattler.VirtualPackage.detect(),
                timeout=SOLVE_LIMIT,
            )
        except Exception as error:  # the library raises many types, all of them final here
            raise Fault(f"cannot solve for {' '.join(specs)} in {', '.join(channels)}: {error}") from error
        await self._install(records)
        self.prefix.note_requested(specs)

    async def _install_explicit(self, packages):
        store = ArchiveStore(self.settings.package_cache / "archives")
        records = []
        for path in [store.obtain(package) for package in packages]:
            record = await rattler.RepoDataRecord.from_package_archive(path)
            record.url = path.as_uri()
            records.append(record)
        await self._install(records)
        self.prefix.note_requested([record.name.normalized for record in records])
        # Unpacked from the checked copies, but the environment must say where those came from.
        for package in packages:
            self.prefix.note_origin(package.file_name, package.url, package.channel)

    async def _install(self, records):
        self.prefix.path.mkdir(parents=True, exist_ok=True)
        try:
            await rattler.install(
                records=records,
                target_prefix=self.prefix.path,
                cache_dir=self.settings.package_cache,
                show_progress=False,
            )
        except Exception as error:
            raise Fault(f"cannot install into {self.prefix.path}: {error}") from error

    def _channel(self, name):
        return rattler.Channel(self.settings.channel_url(name))

    def _installed(self):
        paths = sorted((self.prefix.path / "conda-meta").glob("*.json"))
        return [rattler.PrefixRecord.from_path(path) for path in paths]


def match_spec(spec):
    """A spec as conda writes it: `name`, `name=1.2` (any 1.2), `name==1.2` (that one), `name>=1,<2`."""
    try:
        return rattler.MatchSpec(spec, strict=False)
    except Exception as error:
        raise Fault(f"{spec!r} is not a package spec: {error}") from error
