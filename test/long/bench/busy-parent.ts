// Starts a process that only counts, as a measured one does, prints its pid, and waits: for ends-with-us.test.ts.
import { spawn } from 'node:child_process'
import { endsWithUs } from '../../../bench/ends-with-us.ts'

const child = spawn(process.execPath, ['--eval', 'for (;;);'], { stdio: 'ignore' })
endsWithUs(child)
console.log(child.pid)
setInterval(() => undefined, 60_000)
