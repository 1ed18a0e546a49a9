#!/usr/bin/env bash
# promtool passes a test that an alert is silent where no such alert is, and where the file with the rules is not there.
#
# Versions:  prometheus 2.42.0+ds-5+deb12u1 (Debian 12).
# Seen:      an alert_rule_test with "exp_alerts: []" for an alertname that no rule has: SUCCESS, exit code 0, though the
#            series would make the alert fire whose name was meant. The same with a rule_files pattern that matches no
#            file: a warning, then SUCCESS, exit code 0. With the right name the same test fails, with exit code 1.
# Surprises: whoever tests that alerts are silent at rest. After an alert is renamed, or its file is moved, such tests go on
#            passing and can fail no more. Only a test that the alert fires notices: keep one for each.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"

debian_begin bookworm
debian_take_alone prometheus=2.42.0+ds-5+deb12u1

cat >"$work/rules.yml" <<'YAML'
groups:
  - name: hosts
    rules:
      - alert: HostShortOfMemory
        expr: missing_bytes > 0
YAML

# verdict FILE ALERT: the exit code of a test that this alert of this file is silent, and what promtool says in capitals.
verdict() {
  local out code=0
  cat >"$work/test.yml" <<YAML
rule_files: [$1]
tests:
  - interval: 1m
    input_series:
      - series: missing_bytes
        values: 5x10
    alert_rule_test:
      - eval_time: 5m
        alertname: $2
        exp_alerts: []
YAML
  out=$(cd "$work" && "$root/usr/bin/promtool" test rules test.yml 2>&1) || code=$?
  echo "$code $(grep -oE 'SUCCESS|FAILED' <<<"$out" | tail -1)"
}

# expect FILE ALERT VERDICT
expect() {
  local seen
  seen=$(verdict "$1" "$2")
  if [ "$seen" != "$3" ]; then changed "a test of $2 in $1 does not end with \"$3\"" "$seen"; fi
}
expect rules.yml HostShortOfMemory '1 FAILED'
expect rules.yml HostIsShortOfMemory '0 SUCCESS'
expect 'moved-*.yml' HostShortOfMemory '0 SUCCESS'

echo "as described: promtool 2.42.0 passes the test that an alert is silent which does not exist, in a file that is not there"
