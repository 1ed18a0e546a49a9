import { isatty } from 'node:tty'

/** Those of stdin, stdout and stderr that were a terminal when the process began. */
const terminals = [0, 1, 2].filter((fd) => isatty(fd))

/**
 * Ends the process with an exit code; where its terminal has gone, by SIGHUP, as every program ends then: a usual end
 * of Node sets the terminal back, and aborts with a core dump where it cannot.
 */
export function endProcess(process: NodeJS.Process, code: number): void {
  // One that has gone is none any more.
  if (terminals.every((fd) => isatty(fd))) process.exit(code)
  process.removeAllListeners('SIGHUP')
  process.kill(process.pid, 'SIGHUP')
}
