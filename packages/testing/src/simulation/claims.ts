import type { Messaging, SluiceEvents } from '@sluice/core'
import type { Instance } from './instance.js'
import type { World } from './world.js'

/** Writes down what a process learns of its connections and claims, and asks for a reason for everything that it loses. */
export function watchClaims(world: World, instance: Instance, messaging: Messaging): void {
  const { name, recovering } = instance
  const { recorder } = world.journal
  const ready = { publish: true, consume: true }
  /** Groups whose claims the broker has just taken away. */
  let expired: { readonly group: string; readonly turn: number } | undefined

  messaging.on('connection', ({ side, state }) => {
    if (!instance.living) return
    world.note(`${name} ${side} ${state}`)
    ready[side] = state === 'ready' || state === 'blocked'
    if (state === 'lost') {
      if (recovering.size > 0) world.situations.saw('second loss while reconnecting')
      recovering.add(side)
    }
    // Whoever only publishes has got everything back with the connection.
    if (ready[side] && (side === 'publish' || instance.consumptions.length === 0)) recovering.delete(side)
  })
  messaging.on('notice', ({ kind, topic, group }) => {
    if (kind !== 'hold-expired' || !instance.living) return
    expired = { group, turn: world.turn }
    // It may be on its way back by itself, and then nobody is told that it is lost.
    recorder.fault({ kind: 'claim-lost', instance: name, topic, group })
  })

  const claimed = ({ topic, group, partition, state }: SluiceEvents['claim']): void => {
    if (!instance.living) return
    world.note(`${name} ${group} ${partition} ${state}`)
    world.facts.claimed(name, group, partition, state === 'claimed')
    const scope = { instance: name, topic, group, partition }
    const runs = instance.consumptions.find(({ plan }) => plan.group === group)?.runs
    if (state === 'claimed') recovering.delete('consume')
    else if (state === 'lost') {
      recorder.fault({ kind: 'claim-lost', ...scope })
      instance.losses += 1
      const taken = expired?.group === group && expired.turn === world.turn
      if (ready.consume && !taken) world.problem(`${name} lost partition ${partition} of ${group} without a reason`)
    } else if (state === 'rewound') {
      const last = runs?.lastGivenBack
      if (last?.partition === partition && last.turn === world.turn) world.situations.saw('give-back during rewind')
    } else if (
      runs?.running(partition) === true ||
      world.facts.unsettledLetters(name, group, partition) > 0 ||
      // A copy that it waits for may be under way.
      messaging.health().pendingPublishes > 0
    ) {
      recorder.fault({ kind: 'drain-expired', ...scope })
      instance.losses += 1
    }
  }
  messaging.on('claim', claimed)
  messaging.on('deadLetterFailed', ({ topic, group, id, error }) => {
    world.note(`${name} ${group} dead letter of ${id} failed: ${error.code} ${String(error.cause)}`)
    if (instance.living) recorder.fault({ kind: 'drain-expired', instance: name, topic, group })
  })
  messaging.on('failed', ({ group, error }) => world.problem(`${name} ${group} has failed: ${String(error)}`))
}
