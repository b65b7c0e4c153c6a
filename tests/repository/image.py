"""Builds the Dockerfile without Docker: the same instructions, in a folder that stands for the image's root.

Only what our file uses is understood; anything else is refused. Commands run as the image's user where that is
possible, with the image's own folders moved below that root."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

PLACES = ("/opt/callinvite", "/var/lib/callinvite", "/var/www/callinvite")
"""All that the image may write to, so that a test never writes anywhere else."""
FROM_THE_MACHINE = re.compile(r"(?i)PIP_|SSL_|.*_PROXY$|LANG$|LD_LIBRARY_PATH$")
"""What a build needs of the machine: how packages are reached."""


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Each instruction and its argument, with continued lines joined."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined if line.strip())]


def taken(context: Path) -> list[Path]:
    """The files that .dockerignore leaves in the context; the last line that fits a path decides."""
    rules = [line for line in (context / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    return [path for path in sorted(context.rglob("*")) if path.is_file() and _is_taken(path, context, rules)]


def _is_taken(path: Path, context: Path, rules: list[str]) -> bool:
    relative = path.relative_to(context)
    names = [str(each) for each in (relative, *relative.parents[:-1])]
    is_in = True
    for rule in rules:
        pattern = rule.removeprefix("!").removeprefix("**/")
        anywhere = rule.removeprefix("!").startswith("**/")
        if any(fnmatch.fnmatch(Path(name).name if anywhere else name, pattern) for name in names):
            is_in = rule.startswith("!")
    return is_in


# Not the tests' own environment, but what that was made with.
PYTHON = str(getattr(sys, "_base_executable", sys.executable))


@dataclass
class Image:
    """What was built: the folder for its root, and how it starts."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    working_directory: str = "/"
    user: str = "0"
    volumes: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)

    def moved(self, text: str) -> str:
        """With the image's folders where they really lie."""
        return re.sub(rf"(?<![\w.])(?=(?:{'|'.join(PLACES)})\b)", str(self.root), text)

    def start(
        self, command: list[str], environment: dict[str, str] | None = None, programs: Path | None = None
    ) -> subprocess.Popen[str]:
        """Run a command there, as its user.

        Args:
            environment: further variables, as of `docker run --env`.
            programs: a folder whose programs go before those of this machine.
        """
        variables = {
            **{name: value for name, value in os.environ.items() if FROM_THE_MACHINE.match(name)},
            "HOME": str(self.root / "tmp"),
            "TMPDIR": str(self.root / "tmp"),
            "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR") or str(Path.home() / ".cache" / "pip"),
            "PATH": os.pathsep.join([*([str(programs)] if programs else []), os.environ["PATH"]]),
        }
        for name, value in (self.environment | (environment or {})).items():
            variables[name] = self.moved(value).replace("$PATH", variables["PATH"])
        return subprocess.Popen(
            [*_as(self.user), *(self.moved(word) for word in command)],
            cwd=self.moved(self.working_directory) if self.working_directory != "/" else self.root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: list[str], environment: dict[str, str] | None = None, programs: Path | None = None) -> str:
        """The same to its end; gives what it printed.

        Raises:
            AssertionError: it failed.
        """
        with self.start(command, environment, programs) as process:
            printed, _ = process.communicate(timeout=300)
        assert process.returncode == 0, f"{command}:\n{printed}"
        return printed


def build(context: Path, root: Path) -> Image:
    """Carry out every instruction of the context's Dockerfile.

    Args:
        root: becomes the last stage's root; the stages before it lie beside it, by their names.
    """
    programs = root.with_name("programs")
    programs.mkdir()
    program(programs, "python", PYTHON)
    image, stage = Image(root), ""
    for word, argument in instructions(context / "Dockerfile"):
        if word == "FROM":
            if stage:
                root.rename(root.with_name(stage))
            stage = argument.partition(" AS ")[2] or "last"
            image = Image(root)
            (root / "tmp").mkdir(parents=True)
            (root / "tmp").chmod(0o1777)
        elif word == "WORKDIR":
            image.working_directory = argument
            Path(image.moved(argument)).mkdir(parents=True)
        elif word == "ENV":
            image.environment |= dict(each.split("=", 1) for each in shlex.split(argument))
        elif word == "RUN":
            image.run(["sh", "-c", argument], programs=programs)
        elif word == "COPY":
            _copy(image, context, argument)
        elif word == "USER":
            image.user = argument
        elif word == "VOLUME":
            image.volumes.append(argument)
        elif word == "HEALTHCHECK":
            image.healthcheck = json.loads(argument[argument.index("CMD [") + len("CMD ") :])
        elif word == "CMD":
            image.command = json.loads(argument)
        else:
            assert word == "EXPOSE", f"{word} is not understood here"
    return image


def program(folder: Path, name: str, *command: str) -> None:
    """Put a program of this name into the folder, which is that command."""
    file = folder / name
    file.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    file.chmod(0o755)


def _copy(image: Image, context: Path, argument: str) -> None:
    *options, source, destination = argument.split()
    target = Path(image.moved(image.working_directory)) / destination
    target.parent.mkdir(parents=True, exist_ok=True)
    if options:
        stage = options[0].removeprefix("--from=")
        shutil.copytree(image.root.with_name(stage) / source.lstrip("/"), target, symlinks=True)
        return
    files = [path for path in taken(context) if path.is_relative_to(context / source)]
    assert files, f"COPY {source}: there is nothing of that in the context"
    for path in files:
        copied = target / path.relative_to(context / source)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copied)


def _as(user: str) -> list[str]:
    """What to put before a command to run it as that user.

    The tests' own Python may lie where no other user can look; if this machine does not allow that look either, the
    command runs as it is.
    """
    if user == "0":
        return []
    uid, _, gid = user.partition(":")
    plain = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    look = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    for prefix in (plain, [*plain, *look]):
        # By a shell, for setpriv itself still has root's rights as it starts it.
        probe = [*prefix, "sh", "-c", 'exec "$1" -c ""', "sh", PYTHON]
        if not subprocess.run(probe, capture_output=True, check=False).returncode:
            return prefix
    return []
