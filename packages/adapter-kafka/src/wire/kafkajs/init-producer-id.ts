import { kafkajsRequest, type KafkaRequest, type NodeVersions } from './requests.js'
import type { ProducerIdentity } from './write-session.js'

interface Answer {
  readonly errorCode: number
  readonly producerId: string
  readonly producerEpoch: number
}

/** Without a transaction, any node gives out identities. */
export function initProducerId(
  versions: NodeVersions,
): KafkaRequest<ProducerIdentity & { readonly errorCode: number }> {
  const options = { transactionalId: null, transactionTimeout: 0 }
  const request = kafkajsRequest<Answer>('InitProducerId', versions, options)
  return {
    ...request,
    decode: async (payload) => {
      const { errorCode, producerId, producerEpoch } = await request.decode(payload)
      return { errorCode, producerId: BigInt(producerId), producerEpoch }
    },
  }
}
