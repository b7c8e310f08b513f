import type { Outbound } from '../spi/envelope.js'
import type { Destination } from '../spi/sending.js'

/** One message on its way, as a rule sees it. */
export interface SendAttempt {
  readonly clientName: string
  readonly destination: Destination
  readonly partition: number
  /** Place in its batch. */
  readonly index: number
  readonly envelope: Outbound
  readonly resend: boolean
}

/**
 * What becomes of a message: stored; refused; stored or lost, with an answer that says neither (an `uncertain` one in the middle
 * may be followed by stored ones, as after a nack); held up together with all that follow in its stream; stored twice.
 * `undefined` leaves it to the next rule.
 */
export type SendOutcome =
  'store' | 'refuse' | 'uncertain-stored' | 'uncertain-lost' | 'duplicate' | { readonly delayMs: number } | undefined

export type SendRule = (attempt: SendAttempt) => SendOutcome

/**
 * Makes a rule behave like a connection that breaks: once it has answered `uncertain`, everything behind in that stream is
 * lost as well, until core sends it again.
 */
export function connectionLike(rule: SendRule): SendRule {
  const broken = new Set<string>()
  return (attempt) => {
    const stream = `${attempt.clientName}\n${streamOf(attempt.destination, attempt.partition)}`
    if (attempt.resend && attempt.index === 0) broken.delete(stream)
    if (broken.has(stream)) return 'uncertain-lost'
    const outcome = rule(attempt)
    if (outcome === 'uncertain-stored' || outcome === 'uncertain-lost') broken.add(stream)
    return outcome
  }
}

/** Name of an ordered stream. */
export function streamOf(destination: Destination, partition: number): string {
  if (destination.to === 'topic') return `topic\n${destination.topic}\n${partition}`
  const { topic, group } = destination.group
  return `${destination.to}\n${topic}\n${group}\n${partition}`
}
