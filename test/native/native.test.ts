import { afterAll, describe, expect, it } from 'vitest'
import { compileSuite, type Sanitizer, sources } from './suite.ts'

// ThreadSanitizer is for what threads share.
const tested: Record<Sanitizer, RegExp> = {
  address: /\.cc$/,
  thread: /^(thread_pool|deadlines|watchdog|domain_list)\.cc$/,
}
const overFakeLibvirt =
  /^(connection|cpu_sampler|domain_list|error|init|memory_reading|memory_sampler|vcpu_reader)\.cc$/
const tests: Record<Sanitizer, RegExp> = {
  address: /^(main|fake_libvirt)\.cc$|_test\.cc$/,
  thread: /^main\.cc$|^(thread_pool|deadlines|watchdog|domain_list)_test\.cc$/,
}

for (const sanitizer of ['address', 'thread'] as const) {
  const suite = await compileSuite(sanitizer, [
    ...sources('native/util', tested[sanitizer]),
    ...sources('native/os', tested[sanitizer]),
    // Over a libvirt that a test describes: fake_libvirt.h.
    ...sources('native/virt', sanitizer === 'address' ? overFakeLibvirt : tested[sanitizer]),
    ...sources('test/native', tests[sanitizer]),
  ])
  const selfcheck = await compileSuite(sanitizer, sources('test/native', /^(main|selfcheck)\.cc$/))

  afterAll(() => {
    suite?.remove()
    selfcheck?.remove()
  })

  if (!suite || !selfcheck) {
    describe.skip(`${sanitizer} sanitizer does not run on this machine`, () => it('C++ tests', () => {}))
    continue
  }

  describe(`under the ${sanitizer} sanitizer`, () => {
    it.each(suite.tests)('%s', (name) => suite.runTest(name))
  })

  describe(`the ${sanitizer} sanitizer itself`, () => {
    const own = selfcheck.tests.filter((name) => name.startsWith(`${sanitizer}: `))
    it.each(own)('%s', (name) =>
      expect(selfcheck.runTest(name)).rejects.toThrow(/is not so|expected 3|Sanitizer|runtime error/),
    )
    it('knows no other test', () => expect(selfcheck.runTest('no such test')).rejects.toThrow())
  })
}
