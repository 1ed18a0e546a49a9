import type { Notification } from '../../report/notifications/notification.ts'
import type { Outgoing } from './message.ts'

/** Milliseconds between two notifications of one event and guest. */
const pause = 10 * 60_000
/** Notifications in all within {@link pause}. */
const most = 30

/** One event of one guest, or of the host. */
interface Subject {
  /** When a beginning was told last. */
  toldAt: number
  /** What was told last. */
  told: Notification['state'] | undefined
  /** What is to be told when the pause is over. */
  waiting: Notification | undefined
  withheld: number
}

/**
 * Lets through what does not come too often. What lasts is told when the pause is over, and what has ended meanwhile is not:
 * a receiver always hears at last how things are.
 */
export class RateLimit {
  readonly #subjects = new Map<string, Subject>()
  #sent: number[] = []

  /** What is to go out now, `now` being monotonic milliseconds: of these, and of what had to wait. */
  admit(notifications: readonly Notification[], now: number): Outgoing[] {
    this.#sent = this.#sent.filter((time) => now - time < pause)
    for (const notification of notifications) {
      const subject = this.#subject(notification)
      if (subject.waiting) subject.withheld++
      subject.waiting = notification
    }
    return [...this.#subjects].flatMap(([key, subject]) => {
      const outgoing = this.#due(subject, now)
      if (!subject.waiting && now - subject.toldAt >= pause) this.#subjects.delete(key)
      return outgoing
    })
  }

  #subject({ event, uuid = '' }: Notification): Subject {
    const key = `${event} ${uuid}`
    const found = this.#subjects.get(key) ?? {
      toldAt: Number.NEGATIVE_INFINITY,
      told: undefined,
      waiting: undefined,
      withheld: 0,
    }
    this.#subjects.set(key, found)
    return found
  }

  #due(subject: Subject, now: number): Outgoing[] {
    const { waiting, told, withheld } = subject
    if (!waiting) return []
    // The end of what was told is told at once.
    const isEnd = waiting.state === 'ended' && told === 'begun'
    if (!isEnd && now - subject.toldAt < pause) return []
    if (waiting.state === 'ended' && told !== 'begun') {
      // Nobody knows of its beginning.
      subject.waiting = undefined
      subject.withheld++
      return []
    }
    if (this.#sent.length >= most) return []
    this.#sent.push(now)
    subject.told = waiting.state
    if (!isEnd) subject.toldAt = now
    subject.waiting = undefined
    subject.withheld = 0
    return [{ notification: waiting, withheld }]
  }
}
