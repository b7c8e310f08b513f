import SASLAuthenticator from 'kafkajs/src/broker/saslAuthenticator/index.js'
import type { HostAndPort, KafkaTarget } from '../port.js'
import { KafkaError } from '../kafka-error.js'
import type { NodeConnection } from './node-connection.js'
import type { NodeVersions } from './requests.js'

/** As kafkajs writes requests. */
interface Exchange {
  readonly request: {
    readonly apiName: string
    readonly apiKey: number
    readonly apiVersion: number
    encode(): Promise<{ readonly buffer: Buffer }>
  }
  readonly response: { decode(payload: Buffer): Promise<unknown>; parse(decoded: unknown): Promise<unknown> }
}

/** It tells what goes wrong by what it throws; its log would say it a second time. */
const mute = {
  namespace: () => mute,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** SASL by the mechanisms of kafkajs, over a connection of our own. */
export async function authenticate(
  connection: NodeConnection,
  { host, port }: HostAndPort,
  { sasl, requestTimeoutMs }: KafkaTarget,
  versions: NodeVersions,
): Promise<void> {
  if (sasl === undefined) return
  let ended: Error | undefined
  const send = async (exchange: unknown): Promise<unknown> => {
    const { request, response } = exchange as Exchange
    const answer = await connection
      .request(
        {
          ...{ name: request.apiName, apiKey: request.apiKey, version: request.apiVersion },
          encode: async () => (await request.encode()).buffer,
          decode: (payload) => response.decode(payload),
        },
        requestTimeoutMs,
      )
      .catch((error: unknown) => {
        ended = error as Error
        throw error
      })
    return response.parse(answer)
  }
  const ranges = Object.fromEntries(
    [...versions].map(([apiKey, maxVersion]) => [apiKey, { minVersion: 0, maxVersion }]),
  )
  try {
    // A copy: it keeps what it finds out in there.
    await new SASLAuthenticator({ sasl: { ...sasl }, host, port, send }, mute, ranges, true).authenticate()
  } catch (error) {
    // It calls everything a failed authentication, a lost connection as well.
    if (ended !== undefined) throw ended
    const text = error instanceof Error ? error.message : String(error)
    throw new KafkaError(`${host}:${port}: ${text}`, { kind: 'credentials', cause: error })
  }
}
