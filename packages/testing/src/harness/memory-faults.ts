import { connectionLike, type MemoryBroker, type SendAttempt, type SendRule } from '@sluice/core/memory'
import type { Faults, SendFault, Undo } from '../faults.js'

/** The faults of the kit in terms of the memory broker. Answers that are under way when something breaks: of each stream the first half is stored. */
export function memoryFaults(broker: MemoryBroker, log: boolean): Partial<Faults> {
  const { control } = broker
  const sends = createSendFaults()
  const side = (name: 'publish' | 'consume' | undefined): { side?: 'publish' | 'consume' } =>
    name === undefined ? {} : { side: name }
  let ruled = false

  /** Rules cost something per message, so there is one, and only once somebody needs it. */
  function rule(): void {
    if (!ruled) control.onSend(sends.rule)
    ruled = true
  }

  const everywhere: Partial<Faults> = {
    cut: async (client, which) => control.instance(client).drop(side(which)),
    async disconnect(client, which) {
      const instance = control.instance(client)
      instance.drop({ ...side(which), reconnect: 'manual' })
      return undo(() => instance.restore())
    },
    async silence() {
      control.silence()
      return undo(() => control.speak())
    },
    kill: async (client) => control.instance(client).kill(),
    async freeze(client) {
      const instance = control.instance(client)
      instance.freeze()
      return undo(() => instance.thaw())
    },
    async stopBroker() {
      control.stop()
      return undo(() => control.start())
    },
    async block() {
      control.block()
      return undo(() => control.unblock())
    },
    async slowSends(delayMs) {
      rule()
      return undo(sends.slow(delayMs))
    },
    async failSends(fault) {
      rule()
      return undo(sends.fail(fault))
    },
    async handOver(group, partition, to) {
      if (!control.handOver(group, partition, to)) {
        throw new Error(`partition ${partition} of ${group.topic} ${group.group} cannot move to ${to}`)
      }
    },
    expireHold: async (group) => void control.expireHold(group),
    async deny() {
      control.deny()
      return undo(() => control.allow())
    },
    addPartitions: async (topic, partitions) => control.addPartitions(topic, partitions),
    deleteTopic: async (topic) => control.deleteTopic(topic),
  }
  if (!log) return everywhere
  return {
    ...everywhere,
    async trim(topic, messages) {
      for (const { partition, start, end } of partitionsOf(broker, topic)) {
        control.trim(topic, partition, Math.min(end, start + messages))
      }
    },
    async gap(topic, positions) {
      for (const { partition } of partitionsOf(broker, topic)) control.gap(topic, partition, positions)
    },
  }
}

const undo =
  (run: () => void): Undo =>
  async () =>
    run()

interface PartitionOffsets {
  readonly partition: number
  readonly start: number
  readonly end: number
}

function partitionsOf({ control }: MemoryBroker, topic: string): readonly PartitionOffsets[] {
  const found: PartitionOffsets[] = []
  for (let partition = 0; ; partition++) {
    const offsets = control.offsets(topic, partition)
    if (offsets === undefined) return found
    found.push({ partition, ...offsets })
  }
}

interface SendFaults {
  readonly rule: SendRule
  readonly fail: (fault: SendFault) => () => void
  readonly slow: (delayMs: number) => () => void
}

const outcomes = { 'answer-lost': 'uncertain-stored', lost: 'uncertain-lost', refused: 'refuse' } as const

/** Failures are asked before delays: a message that was held up is not asked about again. */
function createSendFaults(): SendFaults {
  const failing: SendRule[] = []
  const delays = new Set<{ readonly delayMs: number }>()
  return {
    rule(attempt) {
      for (const rule of failing) {
        const outcome = rule(attempt)
        if (outcome !== undefined) return outcome
      }
      // One wait for each batch: a round trip, not one for each message.
      if (attempt.index > 0) return undefined
      for (const delay of delays) return delay
      return undefined
    },
    fail(fault) {
      const { ids, times = 1 } = fault
      let { skip = 0 } = fault
      let ended = false
      /** By id where there are ids, else of all. */
      const hits = new Map<string, number>()
      const base: SendRule = (attempt) => {
        if (ended || !fits(fault, attempt) || skip-- > 0) return undefined
        const whose = ids === undefined ? '' : attempt.envelope.id
        const before = hits.get(whose) ?? 0
        if (before >= times) return undefined
        hits.set(whose, before + 1)
        return outcomes[fault.outcome]
      }
      const single = fault.inMiddle === true || fault.outcome === 'refused'
      failing.push(single ? base : connectionLike(base))
      // The rule stays: what a broken connection holds back is let go by its resend, not by the end of the fault.
      return () => {
        ended = true
      }
    },
    slow(delayMs) {
      const delay = { delayMs }
      delays.add(delay)
      return () => void delays.delete(delay)
    },
  }
}

function fits(
  { client, to = 'topic', topic, ids }: SendFault,
  { clientName, destination, envelope }: SendAttempt,
): boolean {
  if (client !== undefined && client !== clientName) return false
  if (to !== destination.to) return false
  if (topic !== undefined && topic !== (destination.to === 'topic' ? destination.topic : destination.group.topic))
    return false
  return ids === undefined || ids.includes(envelope.id)
}
