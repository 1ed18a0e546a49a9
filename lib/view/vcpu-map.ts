/** Something for each vCPU, by the UUID of its domain and its number: without a key made of both for each question. */
export class VcpuMap<T> {
  readonly #domains = new Map<string, (T | undefined)[]>()

  get(uuid: string, vcpu: number): T | undefined {
    return this.#domains.get(uuid)?.[vcpu]
  }

  set(uuid: string, vcpu: number, value: T): void {
    const vcpus = this.#domains.get(uuid)
    if (vcpus) {
      vcpus[vcpu] = value
      return
    }
    // Filled from the start: one with gaps is slower to read.
    const fresh = new Array<T | undefined>(vcpu).fill(undefined)
    fresh.push(value)
    this.#domains.set(uuid, fresh)
  }

  delete(uuid: string, vcpu: number): void {
    const vcpus = this.#domains.get(uuid)
    if (vcpus && vcpu < vcpus.length) vcpus[vcpu] = undefined
  }

  clear(): void {
    this.#domains.clear()
  }
}
