import { parseArgs } from 'node:util'
import { BrokerError } from './broker-error.js'

const usage = `npm run broker -- rabbitmq [--nodes 1|3] [--tls]
npm run broker -- kafka [--nodes 1|3] [--version 4.4.0] [--tls]
npm run broker -- redis [--appendonly]

Starts a private broker, prints its addresses and pids, and ends it on Ctrl-C.`

export type BrokerCommand =
  | { readonly broker: 'rabbitmq'; readonly nodes: 1 | 3; readonly tls: boolean }
  | { readonly broker: 'kafka'; readonly nodes: 1 | 3; readonly version?: string; readonly tls: boolean }
  | { readonly broker: 'redis'; readonly appendonly: boolean }

/** @throws BrokerError `BAD_OPTION` */
export function readCommandLine(args: readonly string[]): BrokerCommand {
  const [broker, ...rest] = args
  if (broker === 'rabbitmq') {
    const { nodes, tls } = read(rest, { nodes: { type: 'string' }, tls: { type: 'boolean' } })
    return { broker, nodes: readNodes(nodes), tls: tls === true }
  }
  if (broker === 'kafka') {
    const known = { nodes: { type: 'string' }, version: { type: 'string' }, tls: { type: 'boolean' } } as const
    const { nodes, version, tls } = read(rest, known)
    const which = typeof version === 'string' ? { version } : {}
    return { broker, nodes: readNodes(nodes), ...which, tls: tls === true }
  }
  if (broker === 'redis') {
    return { broker, appendonly: read(rest, { appendonly: { type: 'boolean' } })['appendonly'] === true }
  }
  throw bad(broker === undefined ? 'Which broker?' : `There is no broker ${broker}`)
}

function readNodes(nodes: string | boolean | undefined): 1 | 3 {
  if (nodes === undefined || nodes === '1') return 1
  if (nodes === '3') return 3
  throw bad(`--nodes is ${String(nodes)}, it has to be 1 or 3`)
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
