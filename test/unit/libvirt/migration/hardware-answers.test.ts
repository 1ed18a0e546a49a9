import { expect, it } from 'vitest'
import { HardwareAnswers } from '../../../../lib/libvirt/migration/hardware-answers.ts'

const hardware = { virtualization: 'kvm', architecture: 'x86_64', machine: 'pc-q35-7.2', cpu: '<cpu/>' }

it('ask the hypervisor once for all guests with the same hardware, and again after a minute', async () => {
  let now = 0
  const asked: string[] = []
  const ask = async ({ machine }: typeof hardware) => {
    asked.push(machine)
    return ''
  }
  const answers = new HardwareAnswers(() => now)
  const all = () => Promise.all(Array.from({ length: 100 }, () => answers.problemWith({ ...hardware }, ask)))
  await all()
  await answers.problemWith({ ...hardware, machine: 'pc-i440fx-7.2' }, ask)
  expect(asked).toEqual(['pc-q35-7.2', 'pc-i440fx-7.2'])
  now += 60_000
  await all()
  expect(asked).toHaveLength(3)
})

it('ask anew what failed', async () => {
  const answers = new HardwareAnswers(() => 0)
  await expect(answers.problemWith(hardware, () => Promise.reject(new Error('lost')))).rejects.toThrow('lost')
  expect(await answers.problemWith(hardware, async () => 'no such machine')).toBe('no such machine')
})
