#!/usr/bin/env bash
# A key of a NATS key-value bucket that is made with a time to live never ends on Debian's nats-server, and nothing says so.
#
# Versions:  nats-server 2.9.10-1+b3 (Debian 12), @nats-io/kv, @nats-io/jetstream and @nats-io/transport-node 3.4.0 (npm).
# Seen:      Kvm.create with markerTTL, which keys with a time to live need, makes the bucket without an error. kv.create of a
#            key for "1s" answers with its revision. Three seconds later kv.get gives the key: the server ignored what it
#            does not know (both came with 2.11), and the client, which knows the server's version and refuses other calls by
#            it, asks anyway. Only kv.status shows it: markerTTL is 0. The same key in a bucket whose age limit (ttl) is 1 s
#            is gone.
# Surprises: whoever takes a lease or a lock that way, as the documentation of 2.11 and later has it: it is held for ever by
#            who died first. Check `(await kv.status()).markerTTL`, or use the age limit of the bucket.
set -euo pipefail
. "$(dirname "$0")/lib/debian.sh"
. "$(dirname "$0")/lib/npm.sh"

debian_begin bookworm
debian_take nats-server=2.9.10-1+b3
npm_take @nats-io/kv@3.4.0 @nats-io/jetstream@3.4.0 @nats-io/transport-node@3.4.0

# A free port is the server's choice: it writes it to a file.
"${loader[@]}" "$root/usr/sbin/nats-server" -js -sd "$work/store" -a 127.0.0.1 -p -1 --ports_file_dir "$work" \
  >"$work/log" 2>&1 &
children+=($!)
for _ in {1..100}; do
  ports=$(find "$work" -maxdepth 1 -name '*.ports')
  if [ -n "$ports" ]; then break; fi
  sleep 0.1
done
if [ -z "$ports" ]; then cannot_check "nats-server does not start: $(tail -n 1 "$work/log")"; fi

cat >look.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kvm } from '@nats-io/kv'
import { connect } from '@nats-io/transport-node'

const [server] = JSON.parse(readFileSync(process.argv[2], 'utf8')).nats
const connection = await connect({ servers: server.replace('nats://', '') })
const kvm = new Kvm(connection)
const byKey = await kvm.create('by-key', { markerTTL: 10_000 })
const byBucket = await kvm.create('by-bucket', { ttl: 1_000 })
console.log(`revision ${await byKey.create('lease', 'me', '1s')}`)
await byBucket.create('lease', 'me')
await sleep(3_000)
console.log(`by key: ${(await byKey.get('lease'))?.string()}`)
console.log(`by bucket: ${(await byBucket.get('lease'))?.string()}`)
console.log(`markerTTL ${(await byKey.status()).markerTTL}`)
await connection.close()
JS
seen=$(node look.mjs "$ports" 2>&1) || changed "a call fails now" "$seen"
for line in 'revision 1' 'by key: me' 'by bucket: undefined' 'markerTTL 0'; do
  grep -qx "$line" <<<"$seen" || changed "it does not say \"$line\"" "$seen"
done

echo "as described: nats-server 2.9.10 keeps a key for ever that @nats-io/kv 3.4.0 made for 1 s"
