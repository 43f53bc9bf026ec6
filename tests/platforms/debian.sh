#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# debian.sh SUITE [FOLDER]: both commands of the README in a clean root of a Debian release (bookworm, trixie), as root. The root is
# made by debootstrap in FOLDER (default: a new one under /var/tmp, removed at the end); the project goes in as a clone of its last
# commit. Ends with the transcript's end and the exit status of the commands. Not part of the test command: it takes as long twice.
#   STEPS="asan install"  tests/platforms/debian.sh trixie    only these steps of the test command
set -uo pipefail
suite=${1:?a Debian release: bookworm or trixie}
root=${2:-$(mktemp -d "/var/tmp/lading-$suite.XXXXXX")}
mirror=${MIRROR:-http://deb.debian.org/debian}
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bash "$project/tests/support/install.sh" debootstrap git || exit

mounted=()
leave() {
    local at
    for ((at = ${#mounted[@]} - 1; at >= 0; --at)); do umount -l "${mounted[at]}"; done
    [[ $# -gt 0 ]] || return
    rm -rf --one-file-system "$root"
}
trap leave EXIT
if [[ ! -x $root/usr/bin/apt-get ]]; then
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror" >"$root.log" 2>&1 || { tail -n 20 "$root.log" && exit 1; }
fi
mount --bind "$root" "$root" && mounted+=("$root") # a mount of its own, as buildah and podman want of what they call /
for at in proc sys dev; do
    mount --rbind --make-rslave "/$at" "$root/$at" && mounted+=("$root/$at")
done
cp /etc/resolv.conf "$root/etc/resolv.conf"

rm -rf "$root/lading"
git clone -q "$project" "$root/lading" || exit
inside() { chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 bash -c "cd /lading && $1"; }

echo "== $suite: $(inside '. /etc/os-release && echo "$PRETTY_NAME"'), $(git -C "$root/lading" rev-parse --short HEAD)"
echo "== bash examples/inspect.sh"
inside 'bash examples/inspect.sh'
first=$?
echo "== exit $first"
echo "== bash tests/run.sh ${STEPS:-}"
inside "bash tests/run.sh ${STEPS:-}"
second=$?
echo "== exit $second"
[[ -z ${2:-} ]] && leave remove && trap - EXIT
[[ $first -eq 0 && $second -eq 0 ]]
