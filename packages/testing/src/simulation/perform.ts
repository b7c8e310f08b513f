import { BrokerActions } from './broker-actions.js'
import { GroupActions } from './group-actions.js'
import type { Population } from './population.js'
import { ProcessActions } from './process-actions.js'
import type { Publishing } from './publishing.js'
import type { Step } from './schedule.js'
import { createSeeded } from './seeded.js'
import { createSendRule } from './sends.js'
import type { World } from './world.js'

/** Performs one step. */
export type Perform = (step: Step) => Promise<void>

export function createPerform(world: World, population: Population, publishing: Publishing): Perform {
  const broker = new BrokerActions(world, population)
  const processes = new ProcessActions(world, population)
  const groups = new GroupActions(world, population)
  world.control.onSend(createSendRule(world, groups.refusing))

  return async (step) => {
    const { action, seed } = step
    const random = createSeeded(seed)
    switch (action.kind) {
      case 'publish': {
        const source = population.source(random)
        if (source !== undefined) publishing.several(source, { ...step, action })
        return
      }
      case 'publish-batch': {
        const source = population.source(random)
        if (source !== undefined) publishing.batch(source, { ...step, action })
        return
      }
      case 'join':
        return processes.join()
      case 'drop':
        return processes.drop(action, random)
      case 'freeze':
        return processes.freeze(action, random)
      case 'kill':
        return processes.kill(action, random)
      case 'kill-at-letter':
        return processes.killAtLetter(action)
      case 'close':
        return processes.close(action, random)
      case 'stop-broker':
        return broker.stop(action)
      case 'silence-broker':
        return broker.silence(action)
      case 'block-broker':
        return broker.block(action)
      case 'expire-hold':
        return broker.expireHold(action)
      case 'hand-over':
        return groups.handOver(action, random)
      case 'store-mood':
        return groups.storeMood(action)
      case 'pause':
        return groups.pause(action, random)
      case 'release':
        return groups.release(action)
      case 'break-down':
        return groups.breakDown(action)
      case 'refuse-copies':
        return groups.refuseCopies(action)
    }
  }
}
