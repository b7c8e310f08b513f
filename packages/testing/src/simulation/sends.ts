import { connectionLike, type SendAttempt, type SendOutcome, type SendRule } from '@sluice/core/memory'
import { createSeeded } from './seeded.js'
import type { World } from './world.js'

/** Groups whose dead letters and copies fail at the moment. */
export type Refusing = ReadonlySet<string>

/** What becomes of messages on their way to the broker, and what is in doubt meanwhile. */
export function createSendRule(world: World, refusing: Refusing): SendRule {
  const rule = drawOutcomes(world, refusing)
  // An answer that says no more than "not now" in the middle of a stream is only for publishers that keep order all the same.
  return watchDoubts(world, world.plan.publishOrder === 'strict' ? rule : connectionLike(rule))
}

function drawOutcomes(world: World, refusing: Refusing): SendRule {
  const attempts = new Map<string, number>()
  // What is refused is refused for good: one that was refused and is taken later leaves a hole that nobody promises to fill.
  const refused = new Set<string>()
  return (attempt) => {
    const { destination, envelope } = attempt
    const name = `${destination.to} ${destination.to === 'topic' ? '' : destination.group.group} ${envelope.id}`
    if (refused.has(name)) return 'refuse'
    if (world.quiet) return undefined
    const nth = (attempts.get(name) ?? 0) + 1
    attempts.set(name, nth)
    const random = createSeeded('send', world.seed, name, nth)
    if (destination.to === 'topic') {
      if (createSeeded('refuse', world.seed, name).chance(0.006)) {
        refused.add(name)
        return 'refuse'
      }
      const dice = random.next()
      if (dice < 0.014) return random.pick(['uncertain-stored', 'uncertain-lost'] as const)
      if (dice < 0.018) return 'duplicate'
      return dice < 0.045 ? { delayMs: random.int(1, 100) } : undefined
    }
    if (!random.chance(refusing.has(destination.group.group) ? 0.7 : 0.1)) return undefined
    const outcomes = ['refuse', 'uncertain-lost', 'uncertain-stored', { delayMs: random.int(1, 400) }] as const
    const outcome: SendOutcome = random.pick(outcomes)
    if (outcome === 'uncertain-stored') doubt(world, attempt)
    return outcome
  }
}

/** Its sender will not know that the copy is there: it may be sent again, and the original may come again. */
function doubt({ journal }: World, { clientName, destination, partition }: SendAttempt): void {
  if (destination.to !== 'topic')
    journal.recorder.fault({ kind: 'claim-lost', instance: clientName, ...destination.group, partition })
}

/** Sees messages that are written behind one of their key whose answer said nothing certain. */
function watchDoubts(world: World, rule: SendRule): SendRule {
  const doubtful = new Map<string, Set<string>>()
  return (attempt) => {
    const { clientName, destination, envelope, partition, resend, index } = attempt
    const outcome = rule(attempt)
    if (destination.to !== 'topic' || envelope.key === null) return outcome
    const stream = `${clientName} ${destination.topic} ${partition}`
    const key = envelope.key.join(',')
    const keys = doubtful.get(stream) ?? new Set<string>()
    doubtful.set(stream, keys)
    if (resend && index === 0) keys.clear()
    if (keys.delete(key)) world.situations.saw('uncertain publish with later ones of its key written')
    else if (outcome === 'uncertain-stored' || outcome === 'uncertain-lost') keys.add(key)
    return outcome
  }
}
