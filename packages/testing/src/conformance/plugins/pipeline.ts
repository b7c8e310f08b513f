import type { Idempotency, Limiter, RetryPolicy, SubscribeOptions } from '@sluice/core'
import { defineConformance, type Conformance } from '../../define-conformance.js'
import { assert } from '../../scenario/assert.js'
import type { AskAnything } from '../../scenario/clients.js'
import { untilDepth } from '../../scenario/settled.js'
import { createStores } from './store.js'

type Options = SubscribeOptions<AskAnything, true>

/** What one message goes through: its first attempt fails, the second one does not. */
const expected = [
  'token',
  'claim',
  'outer before',
  'inner before',
  'handler 1',
  'inner after an error',
  'outer after an error',
  'policy 1',
  'release',
  'token',
  'claim',
  'outer before',
  'inner before',
  'handler 2',
  'inner after',
  'outer after',
  'complete',
]

/** T2: every order in which the options can be written, and options that were put together from parts: one pipeline. */
export const oneOrder: Conformance = defineConformance({
  id: 'T2',
  parallel: true,
  minimum: { messages: 24, keys: 24 },
  timeoutMs: 60_000,
  async run(scenario) {
    const log: string[] = []
    const around = (name: string) => ({
      name,
      async consume(_message: unknown, _delivery: unknown, next: () => Promise<void>) {
        log.push(`${name} before`)
        try {
          await next()
          log.push(`${name} after`)
        } catch (error) {
          log.push(`${name} after an error`)
          throw error
        }
      },
    })
    const client = await scenario.messaging('consumer', { middleware: [around('outer'), around('inner')] })
    const rateLimit: Limiter = {
      name: 'logged',
      attach: () => ({
        take: () => {
          log.push('token')
          return 0
        },
        close: () => undefined,
      }),
    }
    const retry: RetryPolicy = {
      name: 'logged',
      placement: 'in-place',
      decide({ attempt }) {
        log.push(`policy ${attempt}`)
        return { kind: 'retry', delayMs: 1 }
      },
    }
    const { store } = createStores()().idempotency
    const logged = <A extends unknown[], R>(name: string, run: (...args: A) => R) => {
      return (...args: A): R => {
        log.push(name)
        return run(...args)
      }
    }
    const idempotency: Idempotency = {
      store: {
        ...store,
        claim: logged('claim', store.claim),
        complete: logged('complete', store.complete),
        release: logged('release', store.release),
      },
    }
    const parts: readonly Partial<Options>[] = [{ rateLimit }, { retry }, { idempotency }, { handlerTimeoutMs: 5_000 }]
    const orders = permutations(parts)
    assert.equal(orders.length, 24, 'orders of the options')
    for (const order of orders) {
      const topic = scenario.keyedTopic({ partitions: 1, groups: ['all'] })
      const options = Object.assign({}, ...order, { group: 'all' }) as Options
      log.length = 0
      const all = await scenario.consume(client, topic, options, (_message, { attempt }) => {
        log.push(`handler ${attempt}`)
        if (attempt === 1) throw new Error('fails first')
      })
      await scenario.publishAll(client, topic, { count: 1, keys: 1 })
      await scenario.until(() => all.subscription.stats().acked === 1, 'the message', { saw: () => log })
      await untilDepth(scenario, topic.name, 'all')
      assert.equal(log, expected, `what happens when the options come as ${Object.keys(options).join(', ')}`)
      await all.subscription.close()
    }
  },
})

function permutations<T>(all: readonly T[]): readonly (readonly T[])[] {
  if (all.length < 2) return [all]
  return all.flatMap((one, index) => permutations(all.toSpliced(index, 1)).map((rest) => [one, ...rest]))
}
