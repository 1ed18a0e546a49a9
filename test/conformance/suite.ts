import { afterEach, beforeEach, describe } from 'vitest'
import { clockConformance } from './clock.ts'
import { cpuConformance } from './cpu.ts'
import { domainConformance } from './domains.ts'
import { ksmConformance } from './ksm.ts'
import { memoryConformance } from './memory.ts'
import { metadataConformance } from './metadata.ts'
import { pinConformance } from './pin.ts'
import { sharesConformance } from './shares.ts'
import type { Subject } from './subject.ts'
import { traitsConformance } from './traits.ts'

export type { Abilities, Subject } from './subject.ts'

/**
 * What every Host does, whatever is behind it. `makeSubject` is called before each test and gives a
 * Host that no sample was taken from; what a subject cannot do shows as skipped.
 */
export function conformance(name: string, makeSubject: () => Promise<Subject>): void {
  describe(`${name} is a Host`, () => {
    let subject: Subject
    beforeEach(async () => {
      subject = await makeSubject()
    })
    afterEach(() => subject.release())
    const current = () => subject
    describe('domains', () => domainConformance(current))
    describe('CPU samples', () => cpuConformance(current))
    describe('pins', () => pinConformance(current))
    describe('memory', () => memoryConformance(current))
    describe('metadata', () => metadataConformance(current))
    describe('traits', () => traitsConformance(current))
    describe('cpu_shares', () => sharesConformance(current))
    describe('same-page ksm', () => ksmConformance(current))
    describe('clock', () => clockConformance(current))
  })
}
