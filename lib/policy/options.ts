import { wrongOption } from '../host/errors.ts'

/** Throws a `TypeError` unless `value` is a number of bytes above 0. */
export function assertBytes(option: string, value: unknown): void {
  if (!isAboveZero(value)) throw wrongOption(option, 'a number of bytes above 0', value)
}

/** Throws a `TypeError` unless `value` is a number of milliseconds above 0. */
export function assertMilliseconds(option: string, value: unknown): void {
  if (!isAboveZero(value)) throw wrongOption(option, 'a number of milliseconds above 0', value)
}

/** Throws a `TypeError` unless `value` is a fraction, 0 or more and below 1. */
export function assertFractionBelowOne(option: string, value: unknown): void {
  if (typeof value !== 'number' || !(value >= 0 && value < 1)) {
    throw wrongOption(option, 'a fraction, 0 or more and below 1', value)
  }
}

/** Throws a `TypeError` unless `value` is a factor, 1 or more. */
export function assertFactor(option: string, value: unknown): void {
  if (!isAboveZero(value) || value < 1) throw wrongOption(option, 'a factor, 1 or more', value)
}

/** Throws a `TypeError` unless `value` is a fraction above 0, up to 1. */
export function assertPositiveFraction(option: string, value: unknown): void {
  if (typeof value !== 'number' || !(value > 0 && value <= 1)) {
    throw wrongOption(option, 'a fraction above 0, up to 1', value)
  }
}

function isAboveZero(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}
