import { describe, expect, it } from 'vitest'
import { readMetadata } from '../../../../lib/control/domain/metadata.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { metadataNamespace } from '../../../../lib/host/domain-metadata.ts'
import { MiB } from '../../../../lib/util/units.ts'

describe('settings in metadata', () => {
  it.each([
    ['<settings/>', {}],
    ["<settings managed='no'/>", { managed: false }],
    [
      `<ballast:settings xmlns:ballast='${metadataNamespace}' managed="yes" cpus="0-3,^2" shares="2000"></ballast:settings>`,
      { managed: true, cpus: CpuSet.of(0, 1, 3), shares: 2000 },
    ],
    [`<settings xmlns='${metadataNamespace}' shares='1'/>`, { shares: 1 }],
    [
      "<settings memoryFloorMiB='512' memoryCeilingMiB='2048' memoryShares='2000'/>",
      { memoryFloor: 512 * MiB, memoryCeiling: 2048 * MiB, memoryShares: 2000 },
    ],
    [
      "<settings memoryFloorMiB='512' memoryCeilingMiB='512'/>",
      { memoryFloor: 512 * MiB, memoryCeiling: 512 * MiB },
    ],
    ["<settings fleet='no'/>", { fleet: { moves: false } }],
    [
      "<settings shares='5' labels='web, eu-1.b_2' priority='3' fleet='yes'/>",
      { shares: 5, fleet: { moves: true, labels: ['web', 'eu-1.b_2'], priority: 3 } },
    ],
  ])('%s', (xml, expected) => {
    expect(readMetadata(xml)).toEqual(expected)
  })

  it.each([
    ['', 'no XML'],
    ['<settings', 'no XML'],
    ["<Settings managed='no'/>", 'its element is Settings, not settings'],
    ["<settings manged='no'/>", 'there is no attribute manged'],
    ["<settings constructor='no'/>", 'no XML that can be read'],
    ["<settings managed='false'/>", 'managed: expected yes or no, got "false"'],
    ["<settings cpus='0-3,x'/>", 'cpus: Cannot read "x"'],
    ["<settings cpus=''/>", 'cpus: no pCPU at all'],
    ["<settings cpus='9999999'/>", 'cpus: Cannot read'],
    ["<settings shares='-5'/>", 'shares: expected a whole number'],
    ["<settings shares='NaN'/>", 'shares: expected'],
    ["<settings shares='1e3'/>", 'shares: expected'],
    ["<settings memoryFloorMiB='512 MiB'/>", 'memoryFloorMiB: expected whole MiB above 0, got "512 MiB"'],
    ["<settings memoryFloorMiB='0'/>", 'memoryFloorMiB: expected whole MiB above 0'],
    ["<settings memoryCeilingMiB='1.5'/>", 'memoryCeilingMiB: expected whole MiB'],
    ["<settings memoryShares='0'/>", 'memoryShares: expected a whole number from 1 to 1000000, got "0"'],
    ["<settings memoryFloor='512'/>", 'there is no attribute memoryFloor'],
    [
      "<settings memoryCeilingMiB='512' memoryFloorMiB='513'/>",
      'the memory floor, 513 MiB, is above the memory ceiling, 512 MiB',
    ],
    ["<settings managed='no'>yes</settings>", 'holds text'],
    ['<settings>yes</settings>', 'holds text'],
    ["<settings><cpus list='0'/></settings>", 'there is no element cpus in settings'],
    ['<settings/><settings/>', 'it has 2 elements'],
    ["<settings toString='no'/>", 'there is no attribute'],
    ["<settings fleet='never'/>", 'fleet: expected yes or no, got "never"'],
    ["<settings labels=''/>", 'labels: expected names'],
    ["<settings labels='web,,db'/>", 'labels: expected names'],
    ["<settings labels='a b'/>", 'labels: expected names'],
    ["<settings priority='0'/>", 'priority: expected 1, 2 or 3, got "0"'],
    ['<!DOCTYPE x [<!ENTITY a "0">]><settings cpus="&a;"/>', 'cpus: Cannot read'],
  ])('%s is a problem: %s', (xml, problem) => {
    expect(readMetadata(xml)).toEqual({ problem: expect.stringContaining(problem) })
  })
})
