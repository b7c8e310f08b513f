import type { BrokerWatcher, SettledFact, StoredFact } from '@sluice/core/memory'
import type { Recorder } from '../history/recorder.js'

/** Writes down what the broker does, and knows which dead letters stand beside an original that is not settled. */
export interface Facts extends BrokerWatcher {
  /** A process has a claim from now on, or has it no more. */
  claimed(clientName: string, group: string, partition: number, has: boolean): void
  /** How many of them a process has sent that have not been settled, over all partitions or in one. */
  unsettledLetters(clientName: string, group?: string, partition?: number): number
  /** How many copies of a message the broker has been given. */
  copies(id: string): number
  /** Is called with each that is stored, until it says true. */
  onLetter(listener: (clientName: string) => boolean): void
}

export function createFacts(recorder: Recorder): Facts {
  const letters = new Map<string, { readonly clientName: string; readonly group: string; readonly partition: number }>()
  const copies = new Map<string, number>()
  const claims = new Set<string>()
  const listeners = new Set<(clientName: string) => boolean>()

  const letterStored = ({ clientName, partition, id }: StoredFact, topic: string, group: string): void => {
    // It was on its way when the time for a hand-over was up, or when the claim went: the original comes again.
    if (!claims.has(`${clientName} ${group} ${partition}`))
      recorder.fault({ kind: 'claim-lost', instance: clientName, topic, group, partition })
    letters.set(`${group} ${id}`, { clientName, group, partition })
    for (const listener of listeners) if (listener(clientName)) listeners.delete(listener)
  }

  return {
    stored: (fact) => {
      const { clientName: instance, destination, id } = fact
      if (destination.to !== 'dead-letter') copies.set(id, (copies.get(id) ?? 0) + 1)
      if (destination.to === 'topic') {
        recorder.copyStored({ topic: destination.topic, id, instance, place: 'topic' })
        return
      }
      const { topic, group } = destination.group
      recorder.copyStored({ topic, group, id, instance, place: destination.to === 'group' ? 'group' : 'dead-letters' })
      if (destination.to === 'dead-letter') letterStored(fact, topic, group)
    },
    settled: ({ clientName: instance, group: { topic, group }, id }: SettledFact) => {
      recorder.brokerSettled({ topic, group, id, instance })
      letters.delete(`${group} ${id}`)
    },
    claimed: (clientName, group, partition, has) => {
      const claim = `${clientName} ${group} ${partition}`
      if (has) claims.add(claim)
      else claims.delete(claim)
    },
    unsettledLetters: (clientName, group, partition) =>
      [...letters.values()].filter(
        (letter) =>
          letter.clientName === clientName &&
          (group === undefined || letter.group === group) &&
          (partition === undefined || letter.partition === partition),
      ).length,
    copies: (id) => copies.get(id) ?? 0,
    onLetter: (listener) => listeners.add(listener),
  }
}
