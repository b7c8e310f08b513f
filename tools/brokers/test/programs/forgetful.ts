import { once } from 'node:events'
import { startRabbit, startRedis } from '../../src/index.js'

/** Starts a broker, says what would have to be gone afterwards, and ends without closing anything, as its argument says. */
const [, , broker, how] = process.argv
const { pid, folder } = broker === 'rabbitmq' ? await startedRabbit() : await startRedis()
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

function neverCaught(): never {
  throw new Error('nobody catches this')
}
