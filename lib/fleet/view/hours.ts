import { wrongOption } from '../../host/errors.ts'

const minutesOfDay = 24 * 60

/**
 * Whether local time is within one of these, such as `22:00-06:00`; without any it always is. Throws a `TypeError` for
 * others.
 */
export function isWithinHours(hours: readonly string[] | undefined, wallTime: number): boolean {
  if (hours === undefined || hours.length === 0) return true
  const date = new Date(wallTime)
  const now = 60 * date.getHours() + date.getMinutes()
  return hours.some((text) => {
    const [from, to] = readHours(text)
    return (now - from + minutesOfDay) % minutesOfDay < (to - from + minutesOfDay) % minutesOfDay
  })
}

/** Minutes since midnight of both ends. */
export function readHours(text: string): readonly [from: number, to: number] {
  const match = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text)
  const [, fromHour, fromMinute, toHour, toMinute] = match ?? []
  const from = 60 * Number(fromHour) + Number(fromMinute)
  const to = 60 * Number(toHour) + Number(toMinute)
  if (!match || from === to) throw wrongOption('hours', 'two times such as 22:00-06:00', text)
  return [from, to]
}
