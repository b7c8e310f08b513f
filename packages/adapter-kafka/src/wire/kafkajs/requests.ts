import protocol from 'kafkajs/src/protocol/requests/index.js'
import { KafkaError } from '../kafka-error.js'

/** A request as a connection writes it, and what makes an answer of its bytes. */
export interface KafkaRequest<T> {
  readonly name: string
  readonly apiKey: number
  readonly version: number
  /** What stands behind the header of every request. */
  encode(): Buffer | Promise<Buffer>
  decode(payload: Buffer): T | Promise<T>
}

/** Highest version that each node speaks, by API key. */
export type NodeVersions = ReadonlyMap<number, number>

/**
 * A request that kafkajs can write, in the highest version that both sides speak. Its own reading of answers throws at the first error code and keeps
 * the rest to itself (2.2.4), so answers are taken as they are written, with the code of each part.
 *
 * @throws KafkaError when the node is too old for it
 */
export function kafkajsRequest<T>(api: string, versions: NodeVersions, options: object): KafkaRequest<T> {
  const definition = protocol.requests[api]
  if (definition === undefined) throw new RangeError(`kafkajs has no request ${api}`)
  const own = definition.versions.map(Number)
  const highest = Math.max(...own)
  const { apiKey } = definition.protocol({ version: highest })(options).request
  const theirs = versions.get(apiKey)
  if (theirs === undefined || theirs < Math.min(...own)) {
    throw new KafkaError(`the broker does not know ${api} requests`, { kind: 'protocol' })
  }
  const { request, response } = definition.protocol({ version: Math.min(highest, theirs) })(options)
  return {
    name: api,
    apiKey,
    version: request.apiVersion,
    encode: async () => (await request.encode()).buffer,
    decode: async (payload) => (await response.decode(payload)) as T,
  }
}

/** What a connection begins with, when it does not know yet what the node speaks: every version of Kafka knows this one. */
export function apiVersionsRequest(): KafkaRequest<ApiVersions> {
  return kafkajsRequest('ApiVersions', new Map([[18, 0]]), {})
}

export interface ApiVersions {
  readonly errorCode: number
  readonly apiVersions: readonly { readonly apiKey: number; readonly minVersion: number; readonly maxVersion: number }[]
}
