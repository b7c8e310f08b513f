import type { SendFault } from '@sluice/testing'

/** Where a publish goes, in the words of the kit. */
export interface SendTarget {
  readonly to: 'topic' | 'group' | 'dead-letter'
  /** Of the topic, or of what belongs to a group: that begins with its topic. */
  readonly name: string
}

/** A publish as the wire shows it. */
export interface SeenSend {
  /** The `clientName` behind the connection. */
  readonly client: string
  readonly messageId: string | undefined
  /** `undefined`: the adapter publishes it for itself. */
  readonly target: SendTarget | undefined
}

/** What becomes of a publish. `behind`: everything that follows on its connection is lost with it. */
export interface SendFate {
  readonly outcome: SendFault['outcome']
  readonly behind: boolean
}

/** What happens to single publishes: the faults `failSends` and `slowSends`. */
export class SendRules {
  readonly #failing = new Set<(send: SeenSend) => SendFate | undefined>()
  readonly #delays = new Set<{ readonly delayMs: number }>()

  /** How much longer a publish takes now. */
  get delayMs(): number {
    let sum = 0
    for (const { delayMs } of this.#delays) sum += delayMs
    return sum
  }

  /** Undefined: it goes on. Rules count what they are asked for, so each publish is asked about once. */
  fateOf(send: SeenSend): SendFate | undefined {
    for (const rule of this.#failing) {
      const fate = rule(send)
      if (fate !== undefined) return fate
    }
    return undefined
  }

  slow(delayMs: number): () => void {
    const delay = { delayMs }
    this.#delays.add(delay)
    return () => void this.#delays.delete(delay)
  }

  fail(fault: SendFault): () => void {
    const { outcome, ids, times = 1, inMiddle = false } = fault
    let { skip = 0 } = fault
    const behind = !inMiddle && outcome !== 'refused'
    /** By id where there are ids, else of all. */
    const hits = new Map<string, number>()
    const rule = (send: SeenSend): SendFate | undefined => {
      if (!fits(fault, send) || skip-- > 0) return undefined
      const whose = ids === undefined ? '' : (send.messageId ?? '')
      const before = hits.get(whose) ?? 0
      if (before >= times) return undefined
      hits.set(whose, before + 1)
      return { outcome, behind }
    }
    this.#failing.add(rule)
    return () => void this.#failing.delete(rule)
  }
}

function fits({ client, to = 'topic', topic, ids }: SendFault, { target, ...send }: SeenSend): boolean {
  if (client !== undefined && client !== send.client) return false
  if (target === undefined || target.to !== to) return false
  if (topic !== undefined && !(to === 'topic' ? target.name === topic : target.name.startsWith(`${topic}.`)))
    return false
  return ids === undefined || (send.messageId !== undefined && ids.includes(send.messageId))
}
