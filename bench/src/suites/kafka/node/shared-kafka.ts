import type { Admin } from 'kafkajs'
import type { Surroundings } from '../../../surroundings.js'
import { kafkaRequests, type KafkaControl } from './kafka-control.js'

/** Starts a private node that all subjects use. @throws BrokerError when there is no Java, or Kafka does not start */
export async function openSharedKafka(): Promise<Surroundings> {
  const { startKafka } = await import('@sluice/brokers')
  // The flags of tests start soonest and are slow for long.
  const kafka = await startKafka({ javaFlags: ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC'] })
  const { Kafka, logLevel } = await import('kafkajs')
  const admin = new Kafka({
    ...{ clientId: 'bench', brokers: [...kafka.bootstrap], logLevel: logLevel.NOTHING },
  }).admin()
  await admin.connect()
  const control = controlOf(admin)
  return {
    facts: () => ({ url: kafka.url, bootstrap: kafka.bootstrap.join(), pid: String(kafka.node.pid) }),
    answer: async (request, args) => {
      const name = kafkaRequests.find((one) => one === request)
      if (name === undefined) throw new Error(`the node of the bench cannot do ${request}`)
      return (control[name] as (...given: readonly unknown[]) => Promise<unknown>)(...args)
    },
    tidy: () => removeNamed(admin, () => true),
    close: async () => {
      await admin.disconnect()
      await kafka.close()
    },
  }
}

function controlOf(admin: Admin): KafkaControl {
  return {
    makeTopic: async (topic, numPartitions) => {
      await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: 1 }], waitForLeaders: true })
    },
    removeTopic: (name) => removeNamed(admin, (one) => one === name || one.startsWith(`${name}.`)),
    stored: async (topic) => {
      const offsets = await admin.fetchTopicOffsets(topic)
      return offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0)
    },
    left: async (topic, groupId) => {
      const [ends, found] = await Promise.all([
        admin.fetchTopicOffsets(topic),
        admin.fetchOffsets({ groupId, topics: [topic] }),
      ])
      const done = new Map(found[0]?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
      return ends.reduce((sum, { partition, low, high }) => {
        return sum + Number(high) - Math.max(Number(low), done.get(partition) ?? -1)
      }, 0)
    },
  }
}

async function removeNamed(admin: Admin, isMeant: (name: string) => boolean): Promise<void> {
  const topics = (await admin.listTopics()).filter((name) => !name.startsWith('__') && isMeant(name))
  if (topics.length > 0) await admin.deleteTopics({ topics })
  const { groups } = await admin.listGroups()
  const own = groups.map(({ groupId }) => groupId).filter(isMeant)
  // One with members goes with them.
  if (own.length > 0) await admin.deleteGroups(own).catch(() => undefined)
}
