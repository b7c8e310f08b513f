import { BrokerError } from './broker-error.js'
import { readCommandLine, type BrokerCommand } from './command-line.js'
import { startKafka } from './kafka/start-kafka.js'
import { startRabbit } from './rabbit/start-rabbit.js'
import { startRedis } from './redis/start-redis.js'

interface Shown {
  readonly lines: readonly string[]
  close(): Promise<void>
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

try {
  const command = readCommandLine(process.argv.slice(2))
  // While it is still starting a signal ends this process at once, and the broker with it.
  const broker = await start(command)
  const ended = nextSignal()
  console.log(broker.lines.join('\n'))
  await ended
  await broker.close()
} catch (error) {
  console.error(error instanceof BrokerError ? error.message : error)
  process.exitCode = error instanceof BrokerError && error.code === 'BAD_OPTION' ? 2 : 1
}

async function start(command: BrokerCommand): Promise<Shown> {
  if (command.broker === 'redis') {
    const redis = await startRedis(command)
    return { lines: [`redis  ${redis.url}  pid ${redis.pid ?? ''}`], close: () => redis.close() }
  }
  if (command.broker === 'kafka') {
    const kafka = await startKafka(command)
    const nodes = kafka.nodes.map(({ id, pid }) => `n${id}  pid ${pid ?? ''}`)
    const tls = kafka.caFile === undefined ? [] : [`tls    ${kafka.tlsBootstrap.join()}  authority ${kafka.caFile}`]
    return {
      lines: [`kafka  ${kafka.url}  version ${kafka.version ?? ''}`, ...tls, ...nodes],
      close: () => kafka.close(),
    }
  }
  const rabbit = await startRabbit(command)
  const lines = rabbit.nodes.flatMap(({ name, url, tlsUrl, pid }) => [
    `${name}  ${url}  pid ${pid ?? ''}`,
    ...(tlsUrl === undefined ? [] : [`${name}  ${tlsUrl}  authority ${rabbit.caFile ?? ''}`]),
  ])
  return { lines, close: () => rabbit.close() }
}

/** The handlers stay: a terminal and a parent may both send one, and the second must not end the cleaning up. */
function nextSignal(): Promise<void> {
  return new Promise((resolve) => {
    const alive = setInterval(() => undefined, 60_000)
    for (const signal of signals) {
      process.on(signal, () => {
        clearInterval(alive)
        resolve()
      })
    }
  })
}
