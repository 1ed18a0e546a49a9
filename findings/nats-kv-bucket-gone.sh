#!/usr/bin/env bash
# When its bucket is gone, @nats-io/kv says "jetstream is not enabled" to whoever writes, though it is, and times out for
# whoever reads.
#
# Versions:  @nats-io/kv, @nats-io/jetstream and @nats-io/transport-node 3.4.0 (npm), nats-server 2.9.10-1+b3 (Debian 12).
# Seen:      a client holds a bucket that another one destroys. Its put, update and delete fail with JetStreamNotEnabled
#            ("jetstream is not enabled"), its get and create with TimeoutError; status alone says StreamNotFoundError. On the
#            same connection another bucket is made and written to. The same error comes of Kvm.open of a bucket that never was,
#            which succeeds, and of a key with two dots in a row (a..b), which the client's check of keys lets through: nobody
#            listens on such a subject, and that is all that the client has been told.
# Surprises: whoever acts on the class of the error, as it asks for: a service that gives up ("no JetStream on this server")
#            where it could have made the bucket again, an operator who looks for the fault in the server's configuration. Ask
#            status, which does tell.
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
import { Kvm } from '@nats-io/kv'
import { connect } from '@nats-io/transport-node'

const [server] = JSON.parse(readFileSync(process.argv[2], 'utf8')).nats
const connection = await connect({ servers: server.replace('nats://', '') })
const kvm = new Kvm(connection)
const say = async (what, call) => {
  const answer = await call().then((value) => `gives ${typeof value}`, (error) => error.name)
  console.log(`${what}: ${answer}`)
}
const held = await kvm.create('leases')
await held.put('a', 'me')
await (await kvm.open('leases')).destroy()
await say('put', () => held.put('a', 'me'))
await say('update', () => held.update('a', 'me', 1))
await say('delete', () => held.delete('a'))
await say('get', () => held.get('a'))
await say('create', () => held.create('b', 'me'))
await say('status', () => held.status())
const other = await kvm.create('other')
await say('put elsewhere', () => other.put('a', 'me'))
await say('put of a..b elsewhere', () => other.put('a..b', 'me'))
const never = await kvm.open('never')
await say('put where nothing was', () => never.put('a', 'me'))
await connection.close()
JS
seen=$(node look.mjs "$ports" 2>&1) || changed "a call fails outright" "$seen"
for line in 'put: JetStreamNotEnabled' 'update: JetStreamNotEnabled' 'delete: JetStreamNotEnabled' 'get: TimeoutError' \
  'create: TimeoutError' 'status: StreamNotFoundError' 'put elsewhere: gives number' \
  'put of a..b elsewhere: JetStreamNotEnabled' 'put where nothing was: JetStreamNotEnabled'; do
  grep -Fqx "$line" <<<"$seen" || changed "it does not say \"$line\"" "$seen"
done

echo "as described: @nats-io/kv 3.4.0 says that JetStream is not enabled where a bucket is gone"
