import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Certificates } from '../process/certificates.js'
import type { KafkaOptions } from './options.js'

/** Where one node is. */
export interface KafkaPlace {
  readonly id: number
  readonly folder: string
  /** For clients. */
  readonly port: number
  readonly advertisedPort: number
  readonly tlsPort: number | undefined
  readonly saslPort: number | undefined
  /** For the other nodes: not through what a proxy does to clients. */
  readonly internalPort: number
  readonly controllerPort: number
}

/** How long a node may be silent before others take over, and a node that was killed waits for its own ghost. In ms. */
const silence = {
  // Alone nobody takes over: as short as it goes.
  1: { session: 1_500, heartbeat: 300 },
  3: { session: 4_000, heartbeat: 500 },
} as const

/** The text of server.properties. */
export function serverProperties(
  place: KafkaPlace,
  places: readonly KafkaPlace[],
  options: KafkaOptions,
  keyStore: string | undefined,
): string {
  const { id, folder, port, advertisedPort, tlsPort, saslPort, internalPort, controllerPort } = place
  const count = places.length === 3 ? 3 : 1
  const inSync = count === 3 ? 2 : 1
  const listeners = [
    { name: 'CLIENT', protocol: 'PLAINTEXT', port, advertised: advertisedPort },
    { name: 'INTERNAL', protocol: 'PLAINTEXT', port: internalPort, advertised: internalPort },
    ...(tlsPort === undefined ? [] : [{ name: 'TLS', protocol: 'SSL', port: tlsPort, advertised: tlsPort }]),
    ...(saslPort === undefined
      ? []
      : [{ name: 'SASL', protocol: 'SASL_PLAINTEXT', port: saslPort, advertised: saslPort }]),
  ]
  const address = (name: string, at: number): string => `${name}://127.0.0.1:${at}`
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': places.map((one) => `${one.id}@127.0.0.1:${one.controllerPort}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INTERNAL',
    listeners: [...listeners.map((one) => address(one.name, one.port)), address('CONTROLLER', controllerPort)].join(),
    'advertised.listeners': listeners.map((one) => address(one.name, one.advertised)).join(),
    'listener.security.protocol.map': [
      'CONTROLLER:PLAINTEXT',
      ...listeners.map(({ name, protocol }) => `${name}:${protocol}`),
    ].join(),
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': false,
    'unclean.leader.election.enable': false,
    'default.replication.factor': count,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': count,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': count,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': count,
    'share.coordinator.state.topic.min.isr': inSync,
    'share.coordinator.state.topic.num.partitions': 2,
    // 3 s for each new group otherwise.
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    'broker.session.timeout.ms': silence[count].session,
    'broker.heartbeat.interval.ms': silence[count].heartbeat,
    'replica.lag.time.max.ms': 3_000,
    'num.network.threads': 2,
    'num.io.threads': 4,
    // 128 MiB otherwise.
    'log.cleaner.dedupe.buffer.size': 4_194_304,
    ...(keyStore === undefined
      ? {}
      : { 'listener.name.tls.ssl.keystore.type': 'PEM', 'listener.name.tls.ssl.keystore.location': keyStore }),
    ...(saslPort === undefined ? {} : saslProperties(options)),
    ...options.properties,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${String(value)}\n`)
    .join('')
}

function saslProperties({ users = [] }: KafkaOptions): Record<string, string> {
  const listener = 'listener.name.sasl'
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  const plain = users.map(({ name, password }) => `user_${name}="${password}"`).join(' ')
  return {
    [`${listener}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    [`${listener}.plain.sasl.jaas.config`]: `org.apache.kafka.common.security.plain.PlainLoginModule required ${plain};`,
    [`${listener}.scram-sha-256.sasl.jaas.config`]: scram,
    [`${listener}.scram-sha-512.sasl.jaas.config`]: scram,
  }
}

/** Arguments of the program that formats a node, for the users that SCRAM knows. */
export function scramArguments({ users = [] }: KafkaOptions): string[] {
  return users.flatMap(({ name, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  )
}

/** Key and certificate in one file, as Kafka reads them; the file. */
export async function writeKeyStore({ keyFile, certificateFile }: Certificates, folder: string): Promise<string> {
  const file = join(folder, 'server-key-and-certificate.pem')
  await writeFile(file, `${await readFile(keyFile, 'utf8')}${await readFile(certificateFile, 'utf8')}`)
  return file
}
