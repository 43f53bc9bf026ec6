# SPDX-License-Identifier: BSL-1.0
"""What the scripts of this folder count: `check` says of one thing whether it is as it should be, `ended` how the whole was."""

passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what}: {str(detail)[:2000]}")


def ended(name):
    """Prints the line that tests/run.sh counts. The exit status: not 0 either where nothing was checked."""
    print(f"{name}: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
