import type { RetryPolicy } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import type { Client } from '../../scenario/clients.js'
import { untilDepth } from '../../scenario/settled.js'
import { startTraffic } from './traffic.js'

const waves = 12
const perWave = 40
/** From one to seven of the smallest steps in which RabbitMQ delays, so that some of them move from queue to queue at any time. */
const delayOf = (n: number): number => 200 + (n % 7) * 250

/**
 * R1: the broker is restarted twice under load, each time while hundreds of failed messages wait for their second attempt: at the broker
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
    const failed = new Set<string>()
    const done = new Set<string>()
    const late = await client.subscribe(
      plain,
      { group: 'late', concurrency: 100, breaker: false, retry: laterRetry(placement(client)) },
      ({ id, payload: { n } }, { attempt }) => {
        runs.push({ id, delayMs: delayOf(n), attempt, startedMs: performance.now() })
        if (attempt === 1) {
          failed.add(id)
          throw new ComesAgain(delayOf(n))
        }
        done.add(id)
      },
    )
    const publishWave = (): Promise<readonly { readonly id: string }[]> =>
      Promise.all(Array.from({ length: perWave }, (_, n) => traffic.publisher.publish(plain, { key: null, n })))
    const sent: { readonly id: string }[] = []
    for (let restart = 1; restart <= 2; restart++) {
      for (let wave = 0; wave < waves; wave++) {
        sent.push(...(await publishWave()))
        await scenario.until(() => sent.every(({ id }) => failed.has(id)), 'messages to have failed once')
      }
      await scenario.faults.underLoad(`restart ${restart}`, async () => {
        const start = await scenario.faults.stopBroker()
        await scenario.until(
          () => [traffic.publisher, client, ...traffic.consumers].every((one) => one.health().status === 'down'),
          'everybody to know that the broker is gone',
        )
        await start()
      })
      await traffic.goesOn()
    }
    await traffic.finish({ allowOverlapAfterLoss: true })
    await scenario.until(() => sent.every(({ id }) => done.has(id)), 'delayed messages', { saw: () => done.size })
    scenario.count({ messages: sent.length })
    await untilDepth(scenario, plain.name, 'late')
    expectNeverEarly(runs)
    assert.equal(late.stats().deadLettered, 0, 'dead letters of delayed messages')
    for (const one of [traffic.publisher, client, ...traffic.consumers]) {
      await scenario.until(() => one.health().status === 'up', 'health to be up again', { saw: () => one.health() })
    }
  },
})

function placement({ capabilities }: Client): RetryPolicy['placement'] {
  return capabilities.durableDelay && capabilities.groupAddress ? 'delayed' : 'in-place'
}

class ComesAgain extends Error {
  readonly delayMs: number

  constructor(delayMs: number) {
    super('comes again later')
    this.delayMs = delayMs
  }
}

function laterRetry(where: RetryPolicy['placement']): RetryPolicy {
  return {
    name: 'when the error says',
    placement: where,
    decide: ({ error }) => ({ kind: 'retry', delayMs: error instanceof ComesAgain ? error.delayMs : 0 }),
  }
}

/** One run of a message that is delayed. */
interface LateRun {
  readonly id: string
  readonly delayMs: number
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
    const { id, delayMs, attempt, startedMs } = run
    const before = failed.get(id) ?? []
    assert.atMost(attempt, 1 + before.length, `attempt of ${id}`)
    if (attempt > 1) {
      const due = Math.min(...before.filter((other) => other.attempt === attempt - 1).map((other) => other.startedMs))
      assert.atLeast(startedMs - due, delayMs, `ms that attempt ${attempt} of ${id} has waited`)
    } else failed.set(id, [...before, run])
  }
}
