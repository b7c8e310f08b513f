import { join } from 'node:path'
import type { Certificates } from '../process/certificates.js'
import type { RabbitOptions } from './options.js'
import type { RabbitSite } from './site.js'

/** Where a node lives. */
export interface NodePlace {
  /** As Erlang names it: `n1@localhost`. */
  readonly name: string
  readonly folder: string
  readonly port: number
  readonly tlsPort: number | undefined
  readonly distributionPort: number
}

/** The text of rabbitmq.conf. */
export function configText(
  place: NodePlace,
  names: readonly string[],
  options: RabbitOptions,
  certificates: Certificates | undefined,
): string {
  const lines = [
    `listeners.tcp.1 = 127.0.0.1:${place.port}`,
    'log.console = false',
    'log.file.level = info',
    // A nearly full disk of a developer's machine is no alarm that a test has asked for.
    'disk_free_limit.absolute = 50MB',
  ]
  if (options.heartbeatSeconds !== undefined) lines.push(`heartbeat = ${options.heartbeatSeconds}`)
  if (certificates !== undefined && place.tlsPort !== undefined) {
    lines.push(
      `listeners.ssl.1 = 127.0.0.1:${place.tlsPort}`,
      `ssl_options.cacertfile = ${certificates.caFile}`,
      `ssl_options.certfile = ${certificates.certificateFile}`,
      `ssl_options.keyfile = ${certificates.keyFile}`,
      'ssl_options.verify = verify_none',
      'ssl_options.fail_if_no_peer_cert = false',
    )
  }
  if (names.length > 1) {
    lines.push(
      'cluster_formation.peer_discovery_backend = classic_config',
      ...names.map((name, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${name}`),
      'cluster_partition_handling = pause_minority',
      'net_ticktime = 5',
    )
  }
  if (options.conf !== undefined) lines.push(options.conf)
  return `${lines.join('\n')}\n`
}

/** The environment of a node; its files are all in its own folder. */
export function nodeEnvironment(
  site: RabbitSite,
  { name, folder, distributionPort }: NodePlace,
  settings: Readonly<Record<string, number>> = {},
): Record<string, string> {
  const given = Object.entries(settings).map(([key, value]) => ` -rabbit ${key} ${value}`)
  return {
    ...site.env,
    RABBITMQ_NODENAME: name,
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'generated'),
    RABBITMQ_SCHEMA_DIR: join(folder, 'schema'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false${given.join('')}`,
    // The start script then becomes the broker instead of watching it: its pid is the one to signal.
    RUNNING_UNDER_SYSTEMD: 'true',
  }
}
