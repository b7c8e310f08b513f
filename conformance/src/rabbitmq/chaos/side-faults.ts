import { binary } from '@sluice/brokers'
import { machineTime } from '../../chaos/clock.js'
import type { WorkerProcess } from '../../chaos/crew/worker-process.js'
import { oneOf, type FaultKind, type Scene } from '../../chaos/target.js'
import { side, sideGroup } from '../../chaos/topics.js'
import type { BrokenRabbit } from './rabbit-target.js'

const perSecond = 60
const limitMs = 30_000

/** What an operator deletes. */
interface Loss {
  readonly what: string
  /** Erlang. */
  readonly expression: string
}

const queue = `rabbit_misc:r(<<"/">>, queue, ${binary(`${side.name}.${sideGroup}`)})`
const exchange = `rabbit_misc:r(<<"/">>, exchange, ${binary(side.name)})`

const losses: readonly Loss[] = [
  {
    what: 'queue deleted',
    expression: `{ok, Queue} = rabbit_amqqueue:lookup(${queue}), {ok, _} = rabbit_amqqueue:delete(Queue, false, false, <<"sluice">>)`,
  },
  {
    what: 'binding removed',
    expression: `[ok = rabbit_binding:remove(Binding, <<"sluice">>) || Binding <- rabbit_binding:list_for_source(${exchange})]`,
  },
  {
    what: 'exchange deleted',
    expression: `rabbit_exchange:delete(${exchange}, false, <<"sluice">>)`,
  },
]

/**
 * F12, on a topic beside the main one that holds nothing at that moment: what lies in a deleted queue is gone, and no client can help
 * that. So nothing that was confirmed is excused. The consumers make again what they miss; until then publishes are refused.
 */
export function sideFaults(
  { rabbit }: BrokenRabbit,
  unsettled: (topic: string) => Promise<number>,
): readonly FaultKind[] {
  return losses.map(({ what, expression }) => ({
    id: 'F12',
    title: what,
    expectedMs: 10_000,
    weight: 2,
    async run(scene) {
      const publisher = oneOf(scene, stillBusy(scene))
      publisher.send({ kind: 'side-rate', perSecond })
      await flows(scene)
      publisher.send({ kind: 'side-rate', perSecond: 0 })
      await isEmpty(scene, unsettled)
      // The broker closes a channel that publishes where there is nothing: what is under way on it is in doubt.
      if (what === 'exchange deleted') scene.facts.loses(publisher.name)
      await rabbit.evaluate(`${expression}, ok`)
      publisher.send({ kind: 'side-rate', perSecond })
      await flows(scene)
      publisher.send({ kind: 'side-rate', perSecond: 0 })
      return `${what} beside the main topic, made again by its consumers`
    },
  }))
}

/** Who has published all that it may cannot publish anything here; when all have, the run is over anyway. */
function stillBusy({ crew }: Scene): readonly WorkerProcess[] {
  const busy = crew.publishers.filter(({ finished }) => !finished)
  return busy.length > 0 ? busy : crew.publishers
}

async function flows({ crew, problem }: Scene): Promise<void> {
  const since = machineTime()
  if (!(await crew.until(() => crew.newest(sideGroup) > since, limitMs)))
    problem(`nothing has got through to ${sideGroup} for ${limitMs} ms`)
}

async function isEmpty({ crew, problem }: Scene, unsettled: (topic: string) => Promise<number>): Promise<void> {
  const deadline = performance.now() + limitMs
  let empty = 0
  // Twice in a row with time between: what was on its way at the first look has arrived at the second.
  while (empty < 2) {
    if (performance.now() > deadline) return problem(`${sideGroup} still holds messages after ${limitMs} ms`)
    await crew.until(() => false, 200)
    empty = (await unsettled(side.name)) === 0 ? empty + 1 : 0
  }
}
