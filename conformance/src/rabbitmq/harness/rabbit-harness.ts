import { randomBytes } from 'node:crypto'
import { rabbitmq } from '@sluice/adapter-rabbitmq'
import { startRabbit, type Rabbit } from '@sluice/brokers'
import type { Harness, HarnessTimings } from '@sluice/testing'
import { escapePattern } from '../../escape-pattern.js'
import { Relay } from '../../relay/relay.js'
import { RelayedAmqp } from '../relay/relayed-amqp.js'
import { deleteNamed, rabbitFaults, type Account } from './rabbit-faults.js'
import { rabbitInspect } from './rabbit-inspect.js'

export interface RabbitHarnessOptions {
  readonly nodes: 1 | 3
}

/** The default of the adapter: connections outlive stalls of a machine that does other things too. */
const patientSeconds = 10
/** Where silence has to be noticed, in reasonable time. */
const watchfulSeconds = 2
/** The broker's own default. */
const holdMs = 1_800_000
/**
 * What a queue passes on by itself, as every delay does, it sends again when the other queue has not confirmed it for so long: 3 minutes,
 * which is how late a delayed message may be after a crash of a whole cluster. Shorter, so that tests need not wait for it.
 */
const settings = { dead_letter_worker_publisher_confirm_timeout: 5_000 }
/** Least that the broker tells apart: it looks once a second. */
const leastHoldMs = 2_000

const timings: Omit<HarnessTimings, 'heartbeatMs' | 'sessionMs'> = {
  // A connection that is cut is noticed at once, one that is silent after 1.75 heartbeats: those of who is watchful.
  detectMs: watchfulSeconds * 2_000,
  recoverMs: 4_000,
  rebalanceMs: 3_000,
  // A process that was stopped is missed for two to three heartbeats; whoever says nothing is looked for after a good second.
  takeOverMs: watchfulSeconds * 3_000 + 4_000,
  // 250 ms until the broker is told; on two cores with a load of 19 it had yet to store what it was told up to 760 ms before it was killed.
  storeMs: 1_000,
  holdMs,
  patienceMs: 30_000,
}

/** The RabbitMQ adapter on a broker of its own, which every client reaches through a relay that can tell them apart. */
export async function rabbitHarness({ nodes }: RabbitHarnessOptions): Promise<Harness> {
  const rabbit = await startRabbit({ nodes, settings })
  try {
    return await makeHarness(rabbit)
  } catch (error) {
    await rabbit.close()
    throw error
  }
}

async function makeHarness(rabbit: Rabbit): Promise<Harness> {
  const account: Account = { name: 'kit', password: randomBytes(8).toString('hex') }
  await rabbit.setUser({ ...account })
  const relay = new Relay((connection) => new RelayedAmqp(connection))
  const ports: number[] = []
  for (const node of rabbit.nodes) ports.push(await relay.listen(node))
  const version = await rabbit.evaluate('rabbit_misc:version()')
  const place: Place = { rabbit, relay, ports, account, version: version.replaceAll('"', '') }
  const harness = harnessOn(place, patientSeconds)
  return { ...harness, watchful: harnessOn(place, watchfulSeconds) }
}

const impossible = { addPartitions: 'the number of partitions is fixed when a topic is created' }

/** A broker, and the way to it. */
interface Place {
  readonly rabbit: Rabbit
  readonly relay: Relay
  /** Of the relay, one for each node. */
  readonly ports: readonly number[]
  readonly account: Account
  readonly version: string
}

function harnessOn({ rabbit, relay, ports, account, version }: Place, heartbeatSeconds: number): Harness {
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',')
  const options = { url: `amqp://${hosts}`, username: account.name, password: account.password, heartbeatSeconds }
  const count = rabbit.nodes.length
  const own: HarnessTimings = { ...timings, heartbeatMs: heartbeatSeconds * 1_000, sessionMs: heartbeatSeconds * 3_000 }
  const harness: Harness = {
    name: 'rabbitmq',
    broker: `RabbitMQ ${version}, ${count} ${count === 1 ? 'node' : 'nodes'}`,
    capabilities: rabbitmq(options).capabilities,
    createAdapter: () => rabbitmq(options),
    // The headers of AMQP are a table.
    limits: { maxMessageBytes: 16_777_216, repeatedHeaders: false },
    timings: own,
    timeFactor: 4,
    confirmsSettlements: false,
    faults: rabbitFaults(rabbit, relay, account),
    cannotHappen: count === 1 ? { ...impossible, stopNodes: 'the broker has one node' } : impossible,
    inspect: rabbitInspect(rabbit),
    async withHoldLimit(wishedMs) {
      const consumerTimeoutMs = Math.max(leastHoldMs, wishedMs)
      await rabbit.consumerTimeout(consumerTimeoutMs)
      return {
        ...harness,
        createAdapter: () => rabbitmq({ ...options, consumerTimeoutMs }),
        timings: { ...own, holdMs: consumerTimeoutMs },
        close: () => rabbit.consumerTimeout(holdMs),
      }
    },
    async tidy(prefix) {
      await deleteNamed(rabbit, `^${escapePattern(prefix)}-`)
      for (const { name, ready } of await rabbit.queues()) {
        // What was delayed has nowhere to go any more.
        if (name.startsWith('sluice.delay.') && ready !== 0) await rabbit.purge(name)
      }
    },
    async close() {
      await relay.close()
      await rabbit.close()
    },
  }
  return harness
}
