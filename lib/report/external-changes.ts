import type { Tick } from '../control/tick.ts'
import { actionKey, vcpuKey } from '../policy/plan.ts'
import { type Reason, sentenceOf } from '../policy/reason.ts'
import { domainsByUuid } from '../view/domains-by-uuid.ts'

/** Another program changed settings of one guest, or of the host, since Ballast set them. */
export interface ExternalChange {
  readonly what: 'vcpus' | 'shares' | 'ksm'
  /** Undefined: it is the host's. */
  readonly domain: string | undefined
}

/** A setting as a Tick shows it: whose, which one, and what was made of it, in words. */
interface Seen extends ExternalChange {
  readonly uuid: string | undefined
  readonly key: string
  readonly text: string
}

/**
 * Finds the changes of other programs. A Tick names such a setting again and again; here it counts once, and again when
 * something else was made of it. All vCPUs of a guest that were pinned at once are one change.
 */
export class ExternalChanges {
  /** By key of the setting: what it was last seen to be. */
  readonly #known = new Map<string, Seen>()

  /** The changes that this Tick shows first. */
  begun(tick: Tick): ExternalChange[] {
    const domains = domainsByUuid(tick.view.domains)
    for (const [key, { uuid }] of this.#known) {
      if (uuid !== undefined && !domains.get(uuid)) this.#known.delete(key)
    }
    const begun = externalChanges(tick).filter((seen) => {
      const isNew = this.#known.get(seen.key)?.text !== seen.text
      this.#known.set(seen.key, seen)
      return isNew
    })
    return [...new Map(begun.map((seen) => [`${seen.what} ${seen.uuid}`, seen])).values()]
  }
}

function externalChanges({ skipped, clamps, ksm }: Tick): Seen[] {
  const seen = (
    what: ExternalChange['what'],
    key: string,
    reason: Reason,
    uuid?: string,
    domain?: string,
  ) => {
    return { what, key, text: sentenceOf(reason), uuid, domain }
  }
  return [
    ...skipped.flatMap(({ uuid, domain, reason }) =>
      reason.kind === 'vcpu-pinned-externally'
        ? [seen('vcpus', vcpuKey(uuid, reason.vcpu), reason, uuid, domain)]
        : [],
    ),
    ...clamps.flatMap(({ action, cause }) =>
      cause.kind === 'cpu-shares-external'
        ? [seen('shares', actionKey(action), cause, action.uuid, action.domain)]
        : [],
    ),
    ...(ksm?.skipped?.kind === 'ksm-changed-externally' ? [seen('ksm', 'ksm', ksm.skipped)] : []),
  ]
}
