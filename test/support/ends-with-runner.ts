// vitest's processes go on with their test when vitest itself was killed: with a lab, or a host in a VM.
if (process.connected) process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
