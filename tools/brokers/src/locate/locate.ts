import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BrokerError } from '../broker-error.js'
import { erlangFolders, findProgram, firstProgram, thisHost, type Host } from './host.js'
import { install, isContinuousIntegration, mayInstall } from './install.js'

/** Paths of the programs of RabbitMQ. */
export interface RabbitPrograms {
  readonly server: string
  /** The server finds it by PATH, so its folder has to be there. */
  readonly erl: string
  readonly epmd: string
  readonly erlCall: string
}

/** Paths of the programs of Redis. */
export interface RedisPrograms {
  readonly server: string
}

/** Paths of what runs Kafka. */
export interface KafkaPrograms {
  readonly java: string
  /** Fetches Kafka; undefined when it need not, or cannot. */
  readonly maven: string | undefined
  /** The folder of jars that KAFKA_HOME has. */
  readonly libraries: string | undefined
}

interface Programs {
  readonly rabbitmq: RabbitPrograms
  readonly redis: RedisPrograms
  readonly kafka: KafkaPrograms
}

export type BrokerName = keyof Programs

interface Source<Name extends BrokerName> {
  /** The Debian packages. */
  readonly debian: string
  /** Names the folder of an installation elsewhere. */
  readonly variable: string
  /** What is looked for in that folder and beside it, for errors. */
  readonly needs: string
  readonly find: (host: Host) => Programs[Name] | undefined
}

const sources: { readonly [Name in BrokerName]: Source<Name> } = {
  rabbitmq: {
    debian: 'rabbitmq-server',
    variable: 'RABBITMQ_HOME',
    needs: 'rabbitmq-server in it or in its sbin or bin, and Erlang with epmd and erl_call in ERLANG_HOME or PATH',
    find: findRabbit,
  },
  redis: {
    debian: 'redis-server',
    variable: 'REDIS_HOME',
    needs: 'redis-server in it or in its bin',
    find: findRedis,
  },
  kafka: {
    debian: 'default-jre-headless maven',
    variable: 'KAFKA_HOME',
    needs: 'a folder libs in it, and java in JAVA_HOME or PATH',
    find: findKafka,
  },
}

/**
 * Finds the programs of a broker: in the folder that RABBITMQ_HOME, REDIS_HOME or KAFKA_HOME names, else where packages put them. With `CI`
 * set, a missing one is installed where apt-get is there.
 *
 * @throws BrokerError `MISSING` when it is not here, with what to do; `BAD_OPTION` when the variable names a wrong folder
 */
export async function locate<Name extends BrokerName>(name: Name, host: Host = thisHost): Promise<Programs[Name]> {
  const { debian, variable, needs, find } = sources[name]
  const found = find(host)
  if (found !== undefined) return found
  const home = host.env[variable]
  if (home !== undefined) {
    throw new BrokerError('BAD_OPTION', `${variable} is ${home}, but not all that ${name} needs was found: ${needs}`)
  }
  if (mayInstall(host)) {
    await install(debian, host)
    const installed = find(host)
    if (installed !== undefined) return installed
  }
  const address = `SLUICE_${name.toUpperCase()}_URL`
  throw new BrokerError(
    'MISSING',
    `${name} is not installed here. Install it (Debian: apt-get install --no-install-recommends ${debian}), ` +
      `set ${variable} to its folder, or start one yourself (tools/brokers/compose.yaml) and set ${address}`,
  )
}

/**
 * Why tests with this broker have to be skipped on this machine; undefined when they can run. With `CI` set nothing is
 * skipped: what is missing is an error.
 *
 * @throws BrokerError as {@link locate}, with `CI` set
 */
export async function whyMissing(name: BrokerName, host: Host = thisHost): Promise<string | undefined> {
  try {
    await locate(name, host)
    return undefined
  } catch (error) {
    if (isContinuousIntegration(host) || !(error instanceof BrokerError) || error.code !== 'MISSING') throw error
    return error.message
  }
}

function findRabbit(host: Host): RabbitPrograms | undefined {
  const home = host.env['RABBITMQ_HOME']
  // Not what PATH finds: packages put a wrapper there that changes to a user of its own.
  const folders =
    home !== undefined
      ? [join(home, 'sbin'), join(home, 'bin'), home]
      : [
          'usr/lib/rabbitmq/bin',
          'opt/homebrew/opt/rabbitmq/sbin',
          'usr/local/opt/rabbitmq/sbin',
          'opt/rabbitmq/sbin',
        ].map((folder) => join(host.root, folder))
  const server = firstProgram(folders.map((folder) => join(folder, 'rabbitmq-server')))
  const erlangHome = host.env['ERLANG_HOME']
  const erl = findProgram('erl', host, erlangHome === undefined ? [] : [join(erlangHome, 'bin')])
  if (server === undefined || erl === undefined) return undefined
  const erlang = erlangFolders(erl)
  const epmd = findProgram('epmd', host, erlang)
  const erlCall = findProgram('erl_call', host, erlang)
  return epmd === undefined || erlCall === undefined ? undefined : { server, erl, epmd, erlCall }
}

function findRedis(host: Host): RedisPrograms | undefined {
  const home = host.env['REDIS_HOME']
  const server =
    home !== undefined
      ? firstProgram([join(home, 'bin', 'redis-server'), join(home, 'redis-server')])
      : findProgram('redis-server', host)
  return server === undefined ? undefined : { server }
}

/** Java, and where Kafka comes from: the folder that is named, or Maven. */
function findKafka(host: Host): KafkaPrograms | undefined {
  const { JAVA_HOME: javaHome, MAVEN_HOME: mavenHome, KAFKA_HOME: home } = host.env
  const java = findProgram('java', host, javaHome === undefined ? [] : [join(javaHome, 'bin')])
  if (java === undefined) return undefined
  if (home !== undefined) {
    const libraries = join(home, 'libs')
    return existsSync(libraries) ? { java, maven: undefined, libraries } : undefined
  }
  const maven = findProgram('mvn', host, mavenHome === undefined ? [] : [join(mavenHome, 'bin')])
  return maven === undefined ? undefined : { java, maven, libraries: undefined }
}
