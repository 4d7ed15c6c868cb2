"""Makes a virtual environment with the kit and the releases of the lock files.

    python3 tools/setup_env.py suite     .venv with the kit and what a conformance run needs
    python3 tools/setup_env.py test      .venv with the kit and what its tests need
    python3 tools/setup_env.py dev       .venv with what its tests and its maintainers need; the kit is editable
    python3 tools/setup_env.py newest    .venv-newest as for test, with the newest releases instead of the locked ones

Needs nothing but Python. Old releases parse this file too, Python 2.7 among them: they print which Python is needed
instead of a SyntaxError.
"""

import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST = (3, 11)
LOCKS = {"suite": ["suite"], "test": ["test"], "dev": ["test", "tools"], "newest": []}
"""The lock files of each environment."""
TAIL = 40
"""Lines of pip's output that are shown when pip fails."""


def fail(problem, expected, found, next_step):
    """Print the problem and the next step; return the exit code."""
    report = "{}\n  expected: {}\n  found:    {}\n  next:     {}\n"
    sys.stderr.write("tools/setup_env.py: " + report.format(problem, expected, found, next_step))
    return 2


def version_of(python):
    """Return major and minor version of an interpreter; None when it does not run."""
    program = "import sys; print('%d %d' % sys.version_info[:2])"
    try:
        answer = subprocess.check_output([python, "-c", program], stderr=subprocess.DEVNULL)
        return tuple(int(number) for number in answer.split())
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def refuse_old_python(name):
    """Print which Python is needed and, if the machine has one, the command that uses it."""
    known = ("python3.{}".format(minor) for minor in range(20, OLDEST[1] - 1, -1))
    which = getattr(shutil, "which", lambda _: None)  # Python 2 has none
    newer = [python for python in known if which(python) and version_of(python)]
    step = "run `{} tools/setup_env.py {}`".format(newer[0] if newer else "python3.11", name)
    found = "Python {} ({})".format(".".join(map(str, sys.version_info[:3])), sys.executable)
    return fail(
        "this Python is too old for ciq-kit",
        "Python {}.{} or newer".format(*OLDEST),
        found,
        step if newer else "install Python 3.11 or newer, then " + step,
    )


def count_packages(lock):
    """Return the number of packages of a lock file."""
    with open(os.path.join(ROOT, "locks", lock + ".txt"), encoding="utf-8") as file:
        return len(re.findall(r"^\w\S*==", file.read(), re.MULTILINE))


def pip(python, total, arguments):
    """Run pip and count the packages on a terminal. Return whether it succeeded; print its last lines if not."""
    command = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off"]
    shows = sys.stdout.isatty() and total > 1
    lines = []
    seen = 0
    with subprocess.Popen(
        command + arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True
    ) as process:
        for line in process.stdout:
            lines.append(line)
            if line.startswith(("Collecting ", "Requirement already satisfied")):
                seen += 1
            if shows:
                word = "installing" if line.startswith("Installing collected") else "fetched"
                sys.stdout.write("\r      {} {} of {} packages".format(word, min(seen, total), total))
                sys.stdout.flush()
    if shows:
        sys.stdout.write("\n")
    if process.returncode:
        sys.stderr.write("".join(lines[-TAIL:]))
        sys.stderr.write("tools/setup_env.py: pip failed, see above: {}\n".format(" ".join(command + arguments)))
    return process.returncode == 0


def steps(name):
    """Yield the message, the number of packages and the arguments of each run of pip."""
    if name == "newest":
        yield "Installing the newest release of each package", 0, ["--upgrade", ".[test]"]
        return
    yield "Installing the build backends of locks/build.txt", count_packages("build"), locked("build")
    for lock in LOCKS[name]:
        total = count_packages(lock)
        words = "Installing {} packages of locks/{}.txt".format(total, lock)
        yield words, total, ["--no-build-isolation"] + locked(lock)
    kit = ["--editable", "."] if name == "dev" else ["."]
    yield "Installing ciq-kit", 1, ["--no-build-isolation", "--no-deps"] + kit


def locked(lock):
    """Return the arguments of pip for a lock file."""
    return ["--require-hashes", "-r", os.path.join("locks", lock + ".txt")]


def main(arguments):
    """Make the environment with the given name; return the exit code."""
    name = arguments[0] if arguments else ""
    if name not in LOCKS or len(arguments) != 1:
        step = "run `python3 tools/setup_env.py suite`"
        return fail("which environment?", "one of " + ", ".join(LOCKS), " ".join(arguments) or "no argument", step)
    if sys.version_info[:2] < OLDEST:
        return refuse_old_python(name)
    folder = os.path.join(ROOT, ".venv-newest" if name == "newest" else ".venv")
    python = os.path.join(folder, "Scripts" if os.name == "nt" else "bin", "python")
    if os.path.exists(folder) and name != "newest" and version_of(python) != sys.version_info[:2]:
        expected = "no folder, or an environment of Python {}.{}".format(*sys.version_info[:2])
        found = "Python {}.{}".format(*version_of(python)) if version_of(python) else "no Python that runs"
        return fail("{} is in the way".format(folder), expected, found, "delete the folder and run the command again")
    say("Making {} with Python {}.{}.{}".format(os.path.relpath(folder, ROOT), *sys.version_info[:3]))
    made = subprocess.run([sys.executable, "-m", "venv"] + (["--clear"] if name == "newest" else []) + [folder])
    if made.returncode:
        found = "`{} -m venv {}` exited {}".format(sys.executable, folder, made.returncode)
        step = "read the message above; Debian and Ubuntu have venv in the package python3-venv"
        return fail("the environment was not made", "Python's module venv, complete with pip", found, step)
    for words, total, options in steps(name):
        say(words)
        if not pip(python, total, options):
            return 1
    if name == "newest":
        return subprocess.run([python, os.path.join(ROOT, "tools", "new_releases.py")]).returncode
    return 0


def say(words):
    """Print one line at once."""
    sys.stdout.write("setup_env: {}\n".format(words))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
