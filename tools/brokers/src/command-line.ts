import { parseArgs } from 'node:util'
import { BrokerError } from './broker-error.js'

const usage = `npm run broker -- rabbitmq [--nodes 1|3] [--tls]
npm run broker -- redis [--appendonly]

Starts a private broker, prints its addresses and pids, and ends it on Ctrl-C.`

export type BrokerCommand =
  | { readonly broker: 'rabbitmq'; readonly nodes: 1 | 3; readonly tls: boolean }
  | { readonly broker: 'redis'; readonly appendonly: boolean }

/** @throws BrokerError `BAD_OPTION` */
export function readCommandLine(args: readonly string[]): BrokerCommand {
  const [broker, ...rest] = args
  if (broker === 'rabbitmq') {
    const { nodes = '1', tls = false } = read(rest, { nodes: { type: 'string' }, tls: { type: 'boolean' } })
    if (nodes !== '1' && nodes !== '3') throw bad(`--nodes is ${String(nodes)}, it has to be 1 or 3`)
    return { broker, nodes: nodes === '1' ? 1 : 3, tls: tls === true }
  }
  if (broker === 'redis') {
    return { broker, appendonly: read(rest, { appendonly: { type: 'boolean' } })['appendonly'] === true }
  }
  throw bad(broker === undefined ? 'Which broker?' : `There is no broker ${broker}`)
}

type Values = Readonly<Record<string, string | boolean | undefined>>

function read(args: string[], options: Record<string, { type: 'string' | 'boolean' }>): Values {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw bad(error instanceof Error ? error.message : String(error))
  }
}

function bad(message: string): BrokerError {
  return new BrokerError('BAD_OPTION', `${message}\n\n${usage}`)
}
