import { join } from 'node:path'
import { BrokerError } from '../broker-error.js'
import { allOf } from '../process/all-of.js'
import { makeCertificates, type Certificates } from '../process/certificates.js'
import { makeFolder } from '../process/folder.js'
import { freePort } from '../process/free-port.js'
import { Guard } from '../process/guard.js'
import { until } from '../process/until.js'
import { addressedKafka } from './addressed-kafka.js'
import { newClusterId } from './cluster-id.js'
import { provideKafka } from './distribution.js'
import type { Kafka } from './kafka.js'
import { checkKafkaOptions, defaultStartTimeoutMs, type KafkaOptions } from './options.js'
import { PrivateKafkaNode, type KafkaSite } from './private-node.js'
import { writeKeyStore, type KafkaPlace } from './server-config.js'

/**
 * Starts Kafka from its jars with Java, on free loopback ports, in a temporary folder; about 2 s for one node and 5 s for three. The
 * jars of a version are fetched from Maven Central the first time. It does not keep this process alive and does not outlive it.
 *
 * @throws BrokerError `BAD_OPTION`, `MISSING` without Java or Maven, `NOT_STARTED` with its log
 */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  checkKafkaOptions(options)
  const address = process.env['SLUICE_KAFKA_URL']
  if (options.orAddress === true && address !== undefined && address !== '') return addressedKafka(address)
  const kafka = await provideKafka(options.version)
  const folder = await makeFolder('kafka')
  const guard = new Guard(folder)
  try {
    const certificates = options.tls === true ? await makeCertificates(folder) : undefined
    const keyStore = certificates === undefined ? undefined : await writeKeyStore(certificates, folder)
    const clusterId = newClusterId()
    return await startAt({ kafka, folder, guard, clusterId, options, keyStore }, certificates)
  } catch (error) {
    await guard.close()
    throw error
  }
}

async function startAt(site: KafkaSite, certificates: Certificates | undefined): Promise<Kafka> {
  const { nodes: count = 1, startTimeoutMs = defaultStartTimeoutMs } = site.options
  const places = await Promise.all(Array.from({ length: count }, (_, index) => makePlace(site, index + 1)))
  const nodes = await Promise.all(places.map((place) => PrivateKafkaNode.prepare(site, place, places)))
  const [first] = nodes
  if (first === undefined) throw new BrokerError('BAD_OPTION', 'startKafka: nodes is 0')
  if (count === 1) await first.makeArchive()
  await allOf(nodes.map((node) => node.start()))
  const seen = async (): Promise<boolean> => {
    return (await Promise.all(nodes.map((node) => node.brokersSeen()))).every((brokers) => brokers === count)
  }
  await until(`all ${count} nodes see each other`, seen, { timeoutMs: startTimeoutMs, everyMs: 25 })
  const addresses = (port: (node: PrivateKafkaNode) => number | undefined): string[] =>
    nodes.flatMap((node) => {
      const at = port(node)
      return at === undefined ? [] : [`${node.host}:${at}`]
    })
  const bootstrap = addresses((node) => node.port)
  return {
    nodes,
    node: first,
    url: `kafka://${bootstrap.join()}`,
    bootstrap,
    tlsBootstrap: addresses((node) => node.tlsPort),
    saslBootstrap: addresses((node) => node.saslPort),
    ca: certificates?.ca,
    caFile: certificates?.caFile,
    version: site.kafka.version,
    folder: site.folder,
    controllable: true,
    close: () => site.guard.close(),
  }
}

async function makePlace({ folder, options }: KafkaSite, id: number): Promise<KafkaPlace> {
  const port = await freePort()
  return {
    id,
    folder: join(folder, `n${id}`),
    port,
    advertisedPort: (await options.advertise?.({ host: '127.0.0.1', port, node: id })) ?? port,
    tlsPort: options.tls === true ? await freePort() : undefined,
    saslPort: options.users === undefined || options.users.length === 0 ? undefined : await freePort(),
    internalPort: await freePort(),
    controllerPort: await freePort(),
  }
}
