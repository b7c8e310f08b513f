import type { RetryPolicy } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import { fixedRetry } from '../../scenario/fixed-retry.js'
import { untilDepth } from '../../scenario/settled.js'
import { startTraffic } from './traffic.js'

const delayed = 100
const delayMs = 400

/**
 * R1: the broker is restarted twice under load, each time while a hundred failed messages wait for their second attempt: at the broker
 * where the adapter can delay there, else in the consumer that the restart takes them from.
 */
export const restartedTwice: Conformance = defineConformance({
  id: 'R1',
  parallel: true,
  needs: { faults: ['stopBroker'] },
  minimum: { messages: 1_000, keys: 32, faults: 2 },
  timeoutMs: 60_000,
  async run(scenario) {
    const traffic = await startTraffic(scenario, { inFlight: 8 })
    const plain = scenario.plainTopic({ groups: ['late'] })
    const client = await scenario.messaging('late')
    // Not in the history: a message without a key and its delayed copy may be on their way, and run, at the same time.
    const runs: LateRun[] = []
    const done = new Set<string>()
    const retry = fixedRetry(delayMs, { placement: placement(client) })
    const late = await client.subscribe(
      plain,
      { group: 'late', concurrency: delayed, breaker: false, retry },
      ({ id }, { attempt }) => {
        runs.push({ id, attempt, startedMs: performance.now() })
        if (attempt === 1) throw new Error('comes again later')
        done.add(id)
      },
    )
    const publishPlain = async (count: number): Promise<readonly { readonly id: string }[]> =>
      Promise.all(Array.from({ length: count }, () => traffic.publisher.publish(plain, { key: null, n: 0 })))
    for (let restart = 1; restart <= 2; restart++) {
      const sent = await publishPlain(delayed)
      await scenario.until(
        () => sent.every(({ id }) => runs.some((run) => run.id === id)),
        'messages to have failed once',
      )
      await scenario.faults.underLoad(`restart ${restart}`, async () => {
        const start = await scenario.faults.stopBroker()
        await scenario.until(
          () => [traffic.publisher, client, ...traffic.consumers].every((one) => one.health().status === 'down'),
          'everybody to know that the broker is gone',
        )
        await start()
      })
      await traffic.goesOn()
      await scenario.until(() => sent.every(({ id }) => done.has(id)), 'delayed messages', {
        saw: () => done.size,
      })
    }
    scenario.count({ messages: 2 * delayed })
    await untilDepth(scenario, plain.name, 'late')
    expectNeverEarly(runs)
    assert.equal(late.stats().deadLettered, 0, 'dead letters of delayed messages')
    await traffic.finish({ allowOverlapAfterLoss: true })
    for (const one of [traffic.publisher, client, ...traffic.consumers]) {
      await scenario.until(() => one.health().status === 'up', 'health to be up again', { saw: () => one.health() })
    }
  },
})

function placement({ capabilities }: Client): RetryPolicy['placement'] {
  return capabilities.durableDelay && capabilities.groupAddress ? 'delayed' : 'in-place'
}

/** One run of a message that is delayed. */
interface LateRun {
  readonly id: string
  readonly attempt: number
  readonly startedMs: number
}

/**
 * An attempt counts what has failed, no more; and a later attempt waits its time, whoever was restarted meanwhile. A message that the
 * restart gave back fails for the first time again: its copies are told apart by their attempts.
 */
function expectNeverEarly(runs: readonly LateRun[]): void {
  const failed = new Map<string, LateRun[]>()
  for (const run of runs) {
    const { id, attempt, startedMs } = run
    const before = failed.get(id) ?? []
    assert.atMost(attempt, 1 + before.length, `attempt of ${id}`)
    if (attempt > 1) {
      const due = Math.min(...before.filter((other) => other.attempt === attempt - 1).map((other) => other.startedMs))
      assert.atLeast(startedMs - due, delayMs, `ms that attempt ${attempt} of ${id} has waited`)
    } else failed.set(id, [...before, run])
  }
}
