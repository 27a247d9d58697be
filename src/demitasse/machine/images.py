"""The base images, present on this machine: official where a registry answers, else stand-ins."""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from demitasse.clock import Clock, SystemClock
from demitasse.errors import StartupError
from demitasse.machine import debian, host, recipes
from demitasse.machine.commands import CommandFailed, Report, failure, run
from demitasse.machine.host import Host
from demitasse.machine.recipes import FOUNDATION, KNOWN, OWN_PREFIX, PLATFORM, BaseImage

ANSWER_SECONDS = 10.0
"""How long a registry may take to say that it has an image."""

PULL_SECONDS = 1800.0
"""How long an image that a registry has may take to arrive."""


def ensure_all(
    report: Report, images: Sequence[BaseImage] = PLATFORM, *, clock: Clock | None = None
) -> None:
    """See to it that all ``images`` are on this machine, and say what that takes.

    What is missing is pulled. From the first image that cannot be had from a registry on, the
    others are not asked for: they are made here, side by side. Raises ``StartupError`` when an
    image can be had neither way.
    """
    wanted = [*(known(each.base) for each in images if each.base), *images]
    missing = [each for each in dict.fromkeys(wanted) if not present(each.name)]
    if missing:
        _Work(report, clock or SystemClock()).get(missing)


def ensure(image: BaseImage | str, report: Report, *, clock: Clock | None = None) -> None:
    """See to it that one image, given itself or by name, is on this machine."""
    ensure_all(report, [known(image) if isinstance(image, str) else image], clock=clock)


def known(name: str) -> BaseImage:
    """The base image of this name; ``StartupError`` when there is no recipe for it."""
    for image in KNOWN:
        if image.name == name:
            return image
    names = ", ".join(each.name for each in KNOWN)
    raise StartupError(f"there is no recipe for an image {name} (there is one for {names})")


def present(name: str) -> bool:
    """Whether the image is on this machine."""
    try:
        run(recipes.present_argv(name), seconds=60)
    except CommandFailed as error:
        if "no such image" in str(error).lower():
            return False
        raise
    return True


def remove_stand_ins() -> list[str]:
    """Remove the images that were made here; their names. Official ones stay.

    One that a container uses stays too: then somebody else's installation needs it.
    """
    listed = run(recipes.LIST_MADE).split()
    ours = {each.name for each in KNOWN}
    removed = []
    for name in listed:
        # Under our own prefix, also what an earlier version made.
        if name not in ours and not name.startswith(OWN_PREFIX):
            continue
        try:
            run(recipes.remove_argv(name))
        except CommandFailed as error:
            if "conflict" not in str(error):
                raise
        else:
            removed.append(name)
    run(recipes.PRUNE_STAGES)
    return removed


def pull(name: str, answered: Callable[[], None]) -> str:
    """Pull an image; ``""``, or the reason why no registry gives it.

    ``answered`` is called when a registry has said that it has the image: from then on it may
    take its time. Where nothing answers within ``ANSWER_SECONDS``, that is the reason.
    """
    argv = recipes.pull_argv(name)
    process = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    pipe = process.stdout
    assert pipe is not None  # noqa: S101 - asked for above
    with process, selectors.DefaultSelector() as waiting:
        waiting.register(pipe, selectors.EVENT_READ)
        if not waiting.select(ANSWER_SECONDS):
            process.kill()
            return f"no answer within {ANSWER_SECONDS:.0f} s"
        first = os.read(pipe.fileno(), 65536)
        if b"Pulling from" in first:
            answered()
        try:
            rest = process.communicate(timeout=PULL_SECONDS)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            return f"not pulled within {PULL_SECONDS:.0f} s"
    said = (first + rest).decode(errors="replace").strip()
    return (
        "" if process.returncode == 0 else said.splitlines()[-1] if said else "docker pull failed"
    )


class _Work:
    """Getting several images at once, with what they share done once."""

    def __init__(self, report: Report, clock: Clock) -> None:
        self._tell = report
        self._clock = clock
        self._telling = threading.Lock()

    def get(self, missing: Sequence[BaseImage]) -> None:
        to_make = [each for each in missing if not each.official]
        wanted = [each for each in missing if each.official]
        while wanted and self._pulled(wanted[0]):
            wanted.pop(0)
        if wanted:
            names = ", ".join(each.name for each in wanted)
            self._report(f"Making stand-ins from Debian's packages for {names}.")
        self._make_all([*to_make, *wanted])

    def _pulled(self, image: BaseImage) -> bool:
        begun = self._clock.monotonic()
        reason = pull(image.name, lambda: self._report(f"Pulling {image.name} …"))
        if reason:
            self._report(f"No registry gives {image.name}: {reason}.")
            return False
        self._report(f"Pulled {image.name} ({self._clock.monotonic() - begun:.1f} s).")
        return True

    def _make_all(self, images: Sequence[BaseImage]) -> None:
        """Make the images side by side, and then those that begin with one of these."""
        self._make_some([each for each in images if not each.base])
        self._make_some([each for each in images if each.base])

    def _make_some(self, images: Sequence[BaseImage]) -> None:
        """Make images side by side; the first failure is raised when all have ended."""
        with ThreadPoolExecutor(max_workers=max(len(images), 1)) as threads:
            if not present(FOUNDATION) and not all(each.base for each in images):
                self._make_foundation()
            ways = host.read()
            futures = [threads.submit(self._make, each, ways) for each in images]
        for future in futures:
            future.result()

    def _make_foundation(self) -> None:
        self._need("mmdebstrap", "debian-archive-keyring", purpose="the stand-ins of base images")
        ways = host.read()
        with self._timed(f"Made {FOUNDATION}, which they share"), _folder() as folder:
            for path, content in ways.files().items():
                target = folder / path.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            imported = _piped(
                recipes.foundation_argv(ways, str(folder)),
                recipes.import_argv(),
                environment=dict(ways.proxies),
            )
            # Named only now: half a tar can be imported too.
            run(("docker", "tag", imported.strip(), FOUNDATION))

    def _make(self, image: BaseImage, ways: Host) -> None:
        with self._timed(f"Made a stand-in for {image.name}"):
            built = run(recipes.build_argv(ways), stdin=recipes.context(image)).split()[-1]
            version = run(recipes.version_argv(image, built)).strip()
            run(recipes.name_argv(image), stdin=recipes.naming(image, built, version))

    def _need(self, program: str, *further: str, purpose: str) -> None:
        if shutil.which(program) is None:
            debian.install([program, *further], self._report, purpose=purpose)

    def _report(self, text: str) -> None:
        with self._telling:
            self._tell(text)

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        begun = self._clock.monotonic()
        yield
        self._report(f"{what} ({self._clock.monotonic() - begun:.1f} s).")


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for a moment, which others (a build's own user) can read."""
    with tempfile.TemporaryDirectory(prefix="demitasse-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _piped(writer: Sequence[str], reader: Sequence[str], *, environment: dict[str, str]) -> str:
    """Run ``writer | reader``; what the reader answers. Raises ``CommandFailed`` for the first that fails."""
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(
            writer,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env={**os.environ, **environment},
        ) as source:
            taken = subprocess.run(reader, stdin=source.stdout, capture_output=True, check=False)
        if source.returncode != 0:
            said.seek(0)
            words = said.read().decode(errors="replace")
            raise CommandFailed(failure(writer, source.returncode, words))
    if taken.returncode != 0:
        words = taken.stderr.decode(errors="replace")
        raise CommandFailed(failure(reader, taken.returncode, words))
    return taken.stdout.decode()
