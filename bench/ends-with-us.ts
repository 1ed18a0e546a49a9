import { type ChildProcess, spawn } from 'node:child_process'

/**
 * Ends `child` when this process ends, however that is: also by SIGKILL, and while the child does nothing but count. Another
 * process, which costs the measured one nothing, waits for the end of a pipe from us.
 */
export function endsWithUs(child: ChildProcess): void {
  // Ctrl-C ends all three, in any order.
  const script = 'trap "" HUP INT TERM; read -r word; [ -n "$word" ] || kill -KILL "$1"'
  const guard = spawn('sh', ['-c', script, 'sh', `${child.pid}`], { stdio: ['pipe', 'ignore', 'ignore'] })
  guard.stdin.on('error', () => undefined)
  // Its pid is nobody's any more, or soon another's.
  child.once('exit', () => guard.stdin.end('ended\n'))
  guard.unref()
  // Writable, and known to be a pipe.
  ;(guard.stdin as unknown as { unref(): void }).unref()
}
