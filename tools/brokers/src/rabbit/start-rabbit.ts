import { BrokerError } from '../broker-error.js'
import { locate } from '../locate/locate.js'
import { allOf } from '../process/all-of.js'
import { addressedRabbit } from './addressed-rabbit.js'
import { makeCertificates } from '../process/certificates.js'
import { checkRabbitOptions, type RabbitOptions } from './options.js'
import { PrivateNode } from './private-node.js'
import { composeRabbit, type Rabbit } from './rabbit.js'
import { makeSite, type RabbitSite } from './site.js'

/**
 * Starts RabbitMQ from the installed programs, on free loopback ports, in a temporary folder; about 7 s for one node and
 * 20 s for three. It does not keep this process alive and does not outlive it.
 *
 * @throws BrokerError `BAD_OPTION`, `MISSING` when it is not installed, `NOT_STARTED` with its log
 */
export async function startRabbit(options: RabbitOptions = {}): Promise<Rabbit> {
  checkRabbitOptions(options)
  const address = process.env['SLUICE_RABBITMQ_URL']
  if (options.orAddress === true && address !== undefined && address !== '') return addressedRabbit(address)
  const site = await makeSite(await locate('rabbitmq'))
  try {
    return await startAt(site, options)
  } catch (error) {
    await site.close()
    throw error
  }
}

async function startAt(site: RabbitSite, options: RabbitOptions): Promise<Rabbit> {
  const certificates = options.tls === true ? await makeCertificates(site.folder) : undefined
  const names = Array.from({ length: options.nodes ?? 1 }, (_, index) => `n${index + 1}@localhost`)
  const nodes = await Promise.all(
    names.map((name) => PrivateNode.prepare({ site, name, names, options, certificates })),
  )
  const [first, ...others] = nodes
  if (first === undefined) throw new BrokerError('BAD_OPTION', 'startRabbit: nodes is 0')
  // The others then find one that they can join; nobody has to wait for a lock.
  await first.start()
  await allOf(others.map((node) => node.start()))
  const rabbit = composeRabbit({
    nodes,
    node: first,
    cookie: site.cookie,
    certificates,
    controllable: true,
    close: () => site.close(),
  })
  for (const vhost of ['/', ...(options.vhosts ?? [])]) await rabbit.addVhost(vhost)
  for (const user of options.users ?? []) await rabbit.setUser(user)
  return rabbit
}
