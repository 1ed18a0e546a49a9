import { wrongOption } from '../host/errors.ts'

/** Throws a `TypeError` unless `value` is a fraction above 0, up to 1. */
export function assertFraction(option: string, value: number): void {
  if (typeof value !== 'number' || !(value > 0 && value <= 1)) {
    throw wrongOption(option, 'a fraction above 0, up to 1', value)
  }
}
