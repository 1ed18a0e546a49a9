#!/usr/bin/env bash
# A variable in the Binary section of an LP file is 5 in HiGHS, or -5, if it has such a bound; CBC reads the same file
# with 0 and 1.
#
# Versions:  highs 1.15.3 (npm), beside glpk-utils 5.0-1 and coinor-cbc 2.10.8+ds1-1 (Debian 12).
# Seen:      "Maximize x + y" with "x <= 5" and "y <= 3" under Bounds and both under Binary: HiGHS says Optimal, 8, CBC 2.
#            "Minimize x" with "x >= -5" under Bounds is -5 in HiGHS and 0 in CBC. Of a section that stands for two things, whole
#            numbers and bounds of 0 and 1, HiGHS takes the second only where Bounds has left the default, and warns of
#            nothing; its log has "2 integer variables (0 binary)". GLPK finds 8 and -5 too, after it has warned that the
#            bound was redefined, which it was not.
# Surprises: whoever has one model for two solvers, or a program that writes a bound for each variable (a big one for "none"):
#            a yes or no comes back as 5, and what is multiplied by it is five times too much. Leave the bounds of such a
#            variable out, or write 0 and 1.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/npm.sh"

debian_begin bookworm
debian_take glpk-utils=5.0-1 coinor-cbc=2.10.8+ds1-1
npm_take highs@1.15.3

cat >most.lp <<'LP'
Maximize
 obj: x + y
Subject To
 c: x + y <= 100
Bounds
 x <= 5
 y <= 3
Binary
 x y
End
LP
cat >least.lp <<'LP'
Minimize
 obj: x
Subject To
 c: x + y >= -100
Bounds
 x >= -5
Binary
 x y
End
LP
cat >solve.cjs <<'JS'
const { readFileSync } = require('node:fs')

require('highs')().then((highs) => {
  const { Status, ObjectiveValue } = highs.solve(readFileSync(process.argv[2], 'utf8'))
  console.log(`${Status} ${ObjectiveValue}`)
})
JS

# CBC's libraries of linear algebra are in folders of their own.
loader[2]+=:$root/usr/lib/x86_64-linux-gnu/lapack:$root/usr/lib/x86_64-linux-gnu/blas

# expect FILE HIGHS CBC: the objective that each of them finds; GLPK's is HiGHS's.
expect() {
  local seen
  seen=$(node solve.cjs "$1" 2>&1) || changed "HiGHS fails with $1" "$seen"
  if [ "$seen" != "Optimal $2" ]; then changed "HiGHS does not find $2 in $1" "$seen"; fi
  seen=$("${loader[@]}" "$root/usr/bin/cbc" "$1" solve </dev/null 2>&1) || changed "CBC fails with $1" "$seen"
  grep -Eq "^Objective value: +$3\.0+$" <<<"$seen" || changed "CBC does not find $3 in $1" "$seen"
  seen=$("${loader[@]}" "$root/usr/bin/glpsol" --lp "$1" -o /dev/stdout 2>&1) || changed "GLPK fails with $1" "$seen"
  grep -q "warning: .* bound of variable 'x' redefined" <<<"$seen" || changed "GLPK warns no more of $1" "$seen"
  grep -Eq "^Objective: +obj = $2 " <<<"$seen" || changed "GLPK does not find $2 in $1" "$seen"
}
expect most.lp 8 2
expect least.lp -5 0

echo "as described: binary variables are 5 and -5 in HiGHS 1.15.3 where they have such bounds, and 1 and 0 in CBC"
