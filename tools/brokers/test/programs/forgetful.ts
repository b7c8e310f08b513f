import { once } from 'node:events'
import { startKafka, startRabbit, startRedis } from '../../src/index.js'

/** Starts a broker, says what would have to be gone afterwards, and ends without closing anything, as its argument says. */
const [, , broker, how] = process.argv
const start = { rabbitmq: startedRabbit, redis: startRedis, kafka: startedKafka }[String(broker)]
if (start === undefined) throw new Error(`there is no broker ${broker}`)
const { pid, folder } = await start()
process.stdout.write(`${JSON.stringify({ pid, folder })}\n`)
// Somebody looks at it first, and says when.
await once(process.stdin, 'data')
process.stdin.destroy()
if (how === 'throw') setImmediate(() => neverCaught())
if (how === 'exit') process.exit(3)
// Without anything else to do it ends by itself: brokers keep no process alive.
if (how === 'signal') setInterval(() => undefined, 1000)

async function startedRabbit(): Promise<{ pid: number | undefined; folder: unknown }> {
  const rabbit = await startRabbit()
  return { pid: rabbit.node.pid, folder: JSON.parse(await rabbit.evaluate('os:getenv("HOME")')) }
}

async function startedKafka(): Promise<{ pid: number | undefined; folder: unknown }> {
  const { node, folder } = await startKafka()
  return { pid: node.pid, folder }
}

function neverCaught(): never {
  throw new Error('nobody catches this')
}
