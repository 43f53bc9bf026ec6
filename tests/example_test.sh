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
expect 1 '^$' 'connection_refused.*\]$' --plain-http 127.0.0.1:1/x
expect 2 '^$' '--format is modern' --format yaml
expect 2 '^$' '--format is modern' --format=yaml
expect 2 '^$' '--format needs a value' --format
expect 2 '^$' '--retry is a number' --retry many x
expect 1 '^$' 'ref_invalid' ''
expect 0 '^{"schemaVersion":2.*"layers"' '' --raw --platform linux/arm64
expect 0 '"RepoTags"' 'GET http://127.0.0.1:[0-9]*/v2/demo/app/manifests/latest: 200, [0-9]* ms' -v
expect 1 '^$' 'tls_config_invalid.*no such folder' --cert-dir /nonexistent x
expect 1 '^$' 'config_invalid.*no such file' --registries-conf /nonexistent x
expect 1 '^$' 'connection_refused.*127.0.0.1:1/.*tried http://127.0.0.1:2 (mirror): connection_refused' \
    --retry 0 --plain-http --mirror 127.0.0.1:2 127.0.0.1:1/x
expect 2 '^$' 'unexpected argument' --nonsense
expect 2 '^$' '--creds is USER:PASS' --creds nocolon x
expect 0 'usage: inspect' '^$' --help
# Many at once.
expect 1 '^{"reference":"127.0.0.1:1/x","error":{"code":"connection_refused","message":".*"}}$' '^$' --batch --plain-http --retry 0 \
    <<<'127.0.0.1:1/x'
expect 1 '^{"reference":"UPPER case","error":{"code":"ref_invalid"' '^$' --batch - <<<' UPPER case '
expect 0 '^$' '^$' --batch </dev/null
expect 0 '^$' '^$' --batch --shard 1/2 <<<'x' # FNV-1a of docker.io/library/x is even
expect 1 '^$' 'cannot be read' --batch /nonexistent
expect 2 '^$' '--batch has one output' --batch --raw
expect 2 '^$' '--shard is I/N' --batch --shard 2/2
expect 2 '^$' 'are for --batch' --jobs 3 x
expect 2 '^$' '--jobs is a number' --batch --jobs 0
exit $failed
