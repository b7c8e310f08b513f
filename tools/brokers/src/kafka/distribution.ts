import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { BrokerError } from '../broker-error.js'
import { locate, type KafkaPrograms } from '../locate/locate.js'
import { run } from '../process/run.js'
import { checkKafkaVersion, defaultKafkaVersion } from './options.js'

/** Kafka as it can be run. */
export interface KafkaDistribution {
  readonly java: string
  readonly version: string
  readonly classPath: string
  /** Where classes that were loaded once are kept ready for the next start, or will be. */
  readonly archive: string
}

/** From Maven Central, over a slow line. */
const fetchLimitMs = 10 * 60 * 1000

/**
 * The jars of a version: of the folder that KAFKA_HOME names, else fetched from Maven Central once and kept.
 *
 * @throws BrokerError `MISSING` without Java, or without Maven while they have yet to be fetched; `FAILED` when they cannot be fetched
 */
export async function provideKafka(wanted: string | undefined): Promise<KafkaDistribution> {
  const programs = await locate('kafka')
  const { java, libraries } = programs
  if (libraries !== undefined) {
    const version = await versionOf(libraries)
    if (wanted !== undefined && wanted !== version) {
      throw new BrokerError(
        'BAD_OPTION',
        `KAFKA_HOME has version ${version}, and ${wanted} is asked for: unset it, or ask for that one`,
      )
    }
    return { java, version, ...(await pathOf(libraries)), archive: await archiveOf(java, version) }
  }
  const version = wanted ?? defaultKafkaVersion
  const folder = join(cacheFolder(), `kafka-${version}`)
  if (!existsSync(folder)) await fetchJars(programs, version, folder)
  return { java, version, ...(await pathOf(folder)), archive: await archiveOf(java, version) }
}

function cacheFolder(): string {
  const { SLUICE_CACHE: own, XDG_CACHE_HOME: users } = process.env
  if (own !== undefined && own !== '') return own
  return join(users !== undefined && users !== '' ? users : join(homedir(), '.cache'), 'sluice')
}

/** Into a folder of its own first: others may be fetching the same, and nobody may find half of it. */
async function fetchJars({ maven }: KafkaPrograms, version: string, folder: string): Promise<void> {
  if (maven === undefined) {
    throw new BrokerError(
      'MISSING',
      'Maven is needed to fetch Kafka (Debian: apt-get install maven), or set KAFKA_HOME',
    )
  }
  await mkdir(cacheFolder(), { recursive: true })
  const work = await mkdtemp(join(cacheFolder(), 'fetching-'))
  try {
    await writeFile(join(work, 'pom.xml'), pom(version))
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(work, 'jars')}`]
    await run(maven, ['-q', '-B', ...goal], { cwd: work, env: process.env, timeoutMs: fetchLimitMs })
    await rename(join(work, 'jars'), folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** With what writes the log to the standard error: Kafka leaves that choice to who runs it. */
const pom = (version: string): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sluice</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`

/** Every jar by name, in an order that is always the same: an archive of classes fits one class path only. */
async function pathOf(folder: string): Promise<{ readonly classPath: string }> {
  const jars = (await readdir(folder)).filter((name) => name.endsWith('.jar')).sort()
  return { classPath: jars.map((name) => join(folder, name)).join(':') }
}

async function versionOf(libraries: string): Promise<string> {
  for (const name of await readdir(libraries)) {
    const version = /^kafka_2[.]1\d-(\d+[.]\d+[.]\d+)[.]jar$/.exec(name)?.[1]
    if (version === undefined) continue
    checkKafkaVersion('the version of KAFKA_HOME', version)
    return version
  }
  throw new BrokerError('BAD_OPTION', `KAFKA_HOME has no kafka_2.13-….jar in ${libraries}`)
}

/** Of this Java: another one cannot read it. */
async function archiveOf(java: string, version: string): Promise<string> {
  const folder = join(cacheFolder(), 'archives')
  await mkdir(folder, { recursive: true })
  const which = createHash('sha256').update(realpathSync(java)).digest('hex').slice(0, 12)
  return join(folder, `kafka-${version}-${which}.jsa`)
}
