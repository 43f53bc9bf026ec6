#!/usr/bin/env bash
# example_test.sh PROGRAM: what the inspect program promises of its streams and exit status.
set -u
program=$1
failed=0
expect() { # STATUS STDOUT-PATTERN STDERR-PATTERN ARGS...
    local status=$1 out=$2 err=$3
    shift 3
    local got_out got_err got
    got_out=$("$program" "$@" 2>/tmp/lading-example.$$)
    got=$?
    got_err=$(cat /tmp/lading-example.$$)
    rm -f /tmp/lading-example.$$
    if [ $got != "$status" ] || ! grep -q -- "$out" <<<"$got_out" || ! grep -q -- "$err" <<<"$got_err"; then
        printf 'FAILED: %s\n  status %s, wanted %s\n  stdout: %s\n  stderr: %s\n' "$*" $got "$status" "${got_out:0:600}" "$got_err"
        failed=1
    fi
}
expect 0 '"RepoTags": \[' 'embedded registry'
expect 0 '"kind": "index"' '' --format json
expect 0 '^Platform: *linux/arm/v7' '' --format table --platform linux/arm/v7
expect 0 '^{"Tag":"latest","Digest":"sha256:' '' --format original
expect 0 '"manifests"' '' --raw
expect 0 '"rootfs"' '' --config
expect 0 '"RepoTags": \[\]' '' --no-tags
expect 1 '^$' 'platform_not_found.*linux/arm64' --platform linux/riscv64
expect 1 '^$' 'ref_invalid' 'UPPER case'
expect 1 '^$' 'connection_refused.*next: next endpoint' --plain-http 127.0.0.1:1/x
expect 2 '^$' 'usage: inspect' --format yaml
expect 2 '^$' 'unexpected argument' --nonsense
expect 2 '^$' '--creds is USER:PASS' --creds nocolon x
expect 0 'usage: inspect' '^$' --help
exit $failed
