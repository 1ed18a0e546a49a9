import type { Host } from '../../../../lib/host/host.ts'

/** A call that changes a guest, as it was made. */
export interface Call {
  readonly kind: 'pin' | 'setMemory'
  readonly uuid: string
  /** Of a pin. */
  readonly vcpu: number | undefined
  /** On the host's clock, when it went on to the host. */
  at: number
  /** Whether it resolved; undefined while it is under way. */
  done: boolean | undefined
}

/** What is done in the middle of a call, before it goes on to the host. */
export type Interruption = (call: Call) => Promise<void>

/** Sees every call that changes a guest, and can hold it up. */
export class Tap {
  /** What was called since it was last taken. */
  #calls: Call[] = []
  /** Asked at every changing call, and gives what is to happen before it reaches the host. */
  beforeChange: Interruption | undefined
  /** Done once, when the next memory sample has begun. */
  duringMemorySample: (() => void) | undefined

  take(): Call[] {
    const calls = this.#calls
    this.#calls = []
    return calls
  }

  /** `host`, with every call on its way through this tap. */
  on(host: Host): Host {
    const changed = async (
      kind: Call['kind'],
      uuid: string,
      vcpu: number | undefined,
      make: () => Promise<void>,
    ) => {
      const call: Call = { kind, uuid, vcpu, at: host.clock.now(), done: undefined }
      this.#calls.push(call)
      await this.beforeChange?.(call)
      call.at = host.clock.now()
      try {
        await make()
        call.done = true
      } catch (error) {
        call.done = false
        throw error
      }
    }
    const own: Pick<Host, 'pinVcpu' | 'setMemory' | 'sampleMemory'> = {
      pinVcpu: (domain, vcpu, cpus) =>
        changed('pin', uuidOf(domain), vcpu, () => host.pinVcpu(domain, vcpu, cpus)),
      setMemory: (domain, bytes) =>
        changed('setMemory', uuidOf(domain), undefined, () => host.setMemory(domain, bytes)),
      sampleMemory: () => {
        const sample = host.sampleMemory()
        this.duringMemorySample?.()
        this.duringMemorySample = undefined
        return sample
      },
    }
    return new Proxy(host, {
      get(target, name) {
        const value: unknown = Reflect.get(Object.hasOwn(own, name) ? own : target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

function uuidOf(domain: string | { readonly uuid: string }): string {
  return typeof domain === 'string' ? domain : domain.uuid
}
