import { type Action, isMove } from '../policy/plan.ts'
import { requestedSize } from '../view/memory/sizes.ts'
import type { View } from '../view/view.ts'

/** What kind of change an action is. */
export type ChangeEvent =
  | 'move' // a pin that takes a vCPU away from its pCPU
  | 'pin' // any other
  | 'grant'
  | 'shrink'
  | 'shares'

/** What kind of change an action is, and what was set before it. */
export function changeOf(
  view: View,
  action: Action,
): { readonly event: ChangeEvent; readonly from: string | number | undefined } {
  const domain = view.domains.find(({ uuid }) => uuid === action.uuid)
  switch (action.kind) {
    case 'pin': {
      const vcpu = domain?.vcpus.find(({ vcpu }) => vcpu === action.vcpu)
      return { event: isMove(action, view) ? 'move' : 'pin', from: vcpu?.affinity?.toString() }
    }
    case 'setMemory': {
      const from = domain && requestedSize(domain)
      return { event: from !== undefined && action.bytes < from ? 'shrink' : 'grant', from }
    }
    case 'setShares':
      return { event: 'shares', from: domain?.cpuShares }
  }
}
