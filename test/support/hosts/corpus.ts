import { apart, cores, type HostSketch } from './sketch.ts'

const oneCell = [{ id: 0, memoryMiB: 65_536, distances: [10] }]

/** A desktop with eight performance cores of two threads and eight efficiency cores, by their frequencies. */
const hybrid: HostSketch = {
  arch: 'x86_64',
  cells: oneCell,
  pcpus: [
    ...cores(8, 2, (core) => ({
      cell: 0,
      socket: 0,
      core: 4 * core,
      cache: 0,
      // Two cores turbo higher than the others.
      files: { 'cpufreq/cpuinfo_max_freq': core === 4 || core === 5 ? 5_200_000 : 5_100_000 },
    })),
    ...cores(
      8,
      1,
      (core) => ({
        cell: 0,
        socket: 0,
        core: 32 + core,
        cluster: 32 + 8 * (core >> 2),
        cache: 0,
        files: { 'cpufreq/cpuinfo_max_freq': 3_900_000 },
      }),
      { first: 16 },
    ),
  ],
  files: { 'cpu_core/cpus': '0-15\n', 'cpu_atom/cpus': '16-23\n' },
}

/** An ARM board: four small cores, four large ones, by the kernel's `cpu_capacity`; no cache in libvirt 9. */
const bigLittle: HostSketch = {
  arch: 'aarch64',
  cells: oneCell,
  pcpus: cores(8, 1, (core) => ({
    cell: 0,
    // Firmware that does not number them.
    socket: -1,
    core,
    files: {
      cpu_capacity: core < 4 ? 530 : 1024,
      'cpufreq/cpuinfo_max_freq': core < 4 ? 1_800_000 : 2_400_000,
    },
  })),
}

/** Two sockets with eight cores each, whose second threads are switched off (`/sys/devices/system/cpu/smt/control`). */
const smtOff: HostSketch = {
  arch: 'x86_64',
  cells: [0, 1].map((id) => ({ id, memoryMiB: 98_304, distances: apart(2, 21)(id) })),
  pcpus: cores(
    16,
    2,
    (core, thread) => ({
      cell: core >> 3,
      socket: core >> 3,
      core: core & 7,
      cache: core >> 3,
      isOffline: thread > 0,
    }),
    { apart: true },
  ),
}

/** Two sockets, and two cells of memory behind CXL that no pCPU is near to. */
const memoryOnly: HostSketch = {
  arch: 'x86_64',
  cells: [
    { id: 0, memoryMiB: 131_072, distances: [10, 21, 14, 24] },
    { id: 1, memoryMiB: 131_072, distances: [21, 10, 24, 14] },
    { id: 2, memoryMiB: 262_144, distances: [14, 24, 10, 26] },
    { id: 3, memoryMiB: 262_144, distances: [24, 14, 26, 10] },
  ],
  pcpus: cores(8, 2, (core) => ({ cell: core >> 2, socket: core >> 2, core: core & 3, cache: core >> 2 }), {
    apart: true,
  }),
}

/** A workstation with four dies, of which two have no memory of their own, and eight caches. */
const memoryless: HostSketch = {
  arch: 'x86_64',
  cells: [0, 1, 2, 3].map((id) => ({
    id,
    memoryMiB: id % 2 === 0 ? 32_768 : 0,
    distances: apart(4, 16)(id),
  })),
  pcpus: cores(32, 2, (core) => ({ cell: core >> 3, socket: 0, die: core >> 3, core, cache: core >> 2 }), {
    apart: true,
  }),
}

/** Four sockets of six cores with two threads, one hop or two from each other. */
const fourSockets: HostSketch = {
  arch: 'x86_64',
  cells: [
    [10, 21, 31, 21],
    [21, 10, 21, 31],
    [31, 21, 10, 21],
    [21, 31, 21, 10],
  ].map((distances, id) => ({ id, memoryMiB: 65_536, distances })),
  pcpus: cores(
    24,
    2,
    // Numbered round the sockets; the fused-off cores leave gaps.
    (core) => ({
      cell: core % 4,
      socket: core % 4,
      core: [0, 1, 2, 8, 9, 10][core >> 2]!,
      cache: core % 4,
    }),
    { apart: true },
  ),
}

/** One socket, one cell, and eight last-level caches with two cores each. */
const eightCaches: HostSketch = {
  arch: 'x86_64',
  cells: oneCell,
  pcpus: cores(16, 2, (core) => ({ cell: 0, socket: 0, core: core + 2 * (core >> 1), cache: core >> 1 }), {
    apart: true,
  }),
}

const powerChips = [0, 1, 16, 17]
/** Two sockets of two chips with five cores, of whose eight threads KVM on POWER8 needs all but one offline. */
const power: HostSketch = {
  arch: 'ppc64le',
  cells: powerChips.map((id, at) => ({
    id,
    memoryMiB: 65_536,
    distances: powerChips.map((_, to) => (to === at ? 10 : to >> 1 === at >> 1 ? 20 : 40)),
  })),
  pcpus: cores(20, 8, (core, thread) => {
    const chip = powerChips[Math.floor(core / 5)]!
    return { cell: chip, socket: chip, core: 32 + 8 * core, cache: core, isOffline: thread > 0 }
  }),
}

/** Two sockets of 128 cores with two threads, in four cells each; a cache for eight cores. */
const large: HostSketch = {
  arch: 'x86_64',
  cells: Array.from({ length: 8 }, (_, id) => ({
    id,
    memoryMiB: 196_608,
    distances: Array.from({ length: 8 }, (_, to) => (to === id ? 10 : to >> 2 === id >> 2 ? 12 : 32)),
  })),
  pcpus: cores(
    256,
    2,
    (core) => ({ cell: core >> 5, socket: core >> 7, core: core & 127, cache: core >> 3 }),
    {
      apart: true,
    },
  ),
}

/** Hosts of shapes that are not everybody's, made anew from what is public of such machines. */
export const hosts = {
  'performance and efficiency cores': hybrid,
  'big and little cores': bigLittle,
  'SMT off': smtOff,
  'cells that are memory alone': memoryOnly,
  'cells without memory': memoryless,
  'four sockets': fourSockets,
  'eight last-level caches': eightCaches,
  'POWER with threads off': power,
  '512 pCPUs': large,
} as const satisfies Record<string, HostSketch>

export type HostName = keyof typeof hosts
